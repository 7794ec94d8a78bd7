#include "plugins/oauth/logs/recorded_logs.hpp"

#include <algorithm>
#include <utility>

#include "plugins/oauth/logs/record_intake.hpp"

namespace curfew::oauth::logs {
namespace {

using files::put_number;
using files::put_signed;
using files::put_text;

struct Cancelled {};

// Time first, then the key: so they are sorted.
std::string encoded(std::string_view vendor, const Sighting& seen, bool is_of_person) {
  std::string out;
  put_signed(out, seen.at.time_since_epoch().count());
  for (const std::string_view text :
       {std::string_view(seen.key), vendor, std::string_view(seen.session), std::string_view(seen.user_name),
        std::string_view(seen.address), std::string_view(seen.user_agent), std::string_view(seen.device),
        std::string_view(seen.application), std::string_view(seen.failure)})
    put_text(out, text);
  put_number(out, static_cast<std::uint8_t>(seen.names.size()));
  for (const SightingName& name : seen.names) {
    put_text(out, name.name_space);
    put_text(out, name.value);
  }
  for (const std::uint32_t number :
       {static_cast<std::uint32_t>(seen.type), static_cast<std::uint32_t>(seen.account_type),
        static_cast<std::uint32_t>(seen.auth_method), static_cast<std::uint32_t>(seen.interactivity),
        static_cast<std::uint32_t>(seen.end_reason), seen.factors, seen.count,
        (seen.end_inferred ? 1U : 0U) | (seen.fresh_credentials ? 2U : 0U) | (seen.machine ? 4U : 0U) |
            (is_of_person ? 8U : 0U)})
    put_number(out, number);
  return out;
}

struct Decoded {
  std::string vendor;
  Sighting sighting;
  bool is_of_person = false;
};

Decoded decoded(std::string_view bytes) {
  files::RecordBytes in(bytes);
  Decoded out;
  Sighting& seen = out.sighting;
  seen.at = plugin::Time{plugin::Duration{in.signed_number()}};
  for (std::string* text : {&seen.key, &out.vendor, &seen.session, &seen.user_name, &seen.address,
                            &seen.user_agent, &seen.device, &seen.application, &seen.failure})
    *text = in.text();
  const auto names = in.number<std::uint8_t>();
  for (std::uint8_t i = 0; i < names; ++i) {
    std::string name_space(in.text());
    seen.names.push_back({std::move(name_space), std::string(in.text())});
  }
  seen.type = static_cast<plugin::Type>(in.number<std::uint32_t>());
  seen.account_type = static_cast<plugin::AccountType>(in.number<std::uint32_t>());
  seen.auth_method = static_cast<plugin::AuthMethod>(in.number<std::uint32_t>());
  seen.interactivity = static_cast<plugin::Interactivity>(in.number<std::uint32_t>());
  seen.end_reason = static_cast<plugin::EndReason>(in.number<std::uint32_t>());
  seen.factors = in.number<std::uint32_t>();
  seen.count = in.number<std::uint32_t>();
  const auto flags = in.number<std::uint32_t>();
  seen.end_inferred = (flags & 1U) != 0;
  seen.fresh_credentials = (flags & 2U) != 0;
  seen.machine = (flags & 4U) != 0;
  out.is_of_person = (flags & 8U) != 0;
  return out;
}

// By which a person's sessions at a vendor are found again.
std::vector<std::string> handles_of(const std::string& vendor, const Sighting& seen) {
  // What one log of a vendor's says holds for its other logs too.
  const std::string family = vendor.starts_with("entra") || vendor == "office365" ? "entra" : vendor;
  std::vector<std::string> all;
  if (!seen.user_name.empty()) all.push_back(family + "\x1f" + seen.user_name);
  for (const SightingName& name : seen.names)
    all.push_back(family + "\x1f" + name.name_space + "\x1f" + name.value);
  return all;
}

}  // namespace

namespace {

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

class RecordedLogs::Intake final : public EventSink {
 public:
  Intake(RecordedLogs& logs, std::uint32_t input, std::string entry)
      : logs_(logs), input_(input), entry_(std::move(entry)) {}

  void told(std::string_view vendor, Sighting&& sighting, bool is_of_person) override {
    count();
    logs_.coverage_.count_told(input_, vendor, sighting);
    logs_.sorter_.add(encoded(vendor, sighting, is_of_person));
  }
  void filtered(std::string_view vendor, std::string_view name) override {
    count();
    logs_.coverage_.count_filtered(input_, vendor, name);
  }
  void continued() override { logs_.coverage_.count_continued(input_); }
  void unreadable(const std::string& place, std::string_view why) override {
    count();
    logs_.coverage_.count_unreadable(input_, entry_.empty() ? place : entry_ + ": " + place, why);
  }

 private:
  void count() {
    if (logs_.cancelled_) throw Cancelled{};
    ++logs_.records_;
  }

  RecordedLogs& logs_;
  std::uint32_t input_;
  std::string entry_;
};

void RecordedLogs::read() {
  try {
    for (const std::string& path : files::expand_inputs(paths_)) {
      const std::uint32_t input = coverage_.add_input(path);
      Intake whole(*this, input, {});
      files::read_input(
          path, settings_.limits,
          [&](std::string_view place, std::string_view why) { whole.unreadable(std::string(place), why); },
          [&](const std::string& entry, files::Bytes& bytes) {
            Intake sink(*this, input, entry);
            RecordIntake records(settings_.zone, sink);
            read_records(bytes, records,
                         {.name = file_name(entry.empty() ? path : entry), .zone = settings_.zone});
          });
    }
  } catch (const Cancelled&) {
    finished_ = true;
    return;
  }
  sort();
}

void RecordedLogs::read_text(std::string_view text, const std::string& name) {
  const std::uint32_t input = coverage_.add_input(name);
  Intake whole(*this, input, {});
  files::read_bytes(
      text, settings_.limits,
      [&](std::string_view place, std::string_view why) { whole.unreadable(std::string(place), why); },
      [&](const std::string& entry, files::Bytes& bytes) {
        Intake sink(*this, input, entry);
        RecordIntake records(settings_.zone, sink);
        read_records(bytes, records,
                     {.name = file_name(entry.empty() ? name : entry), .zone = settings_.zone});
      });
}

void RecordedLogs::know(const std::string& vendor, const Sighting& sighting) {
  if (sighting.session.empty() || known_ >= settings_.most_sessions) return;
  for (const std::string& handle : handles_of(vendor, sighting)) {
    if (sessions_[handle].insert(sighting.session).second) ++known_;
  }
}

void RecordedLogs::give(const std::string& vendor, Sighting&& sighting, bool is_of_person,
                        std::vector<Sighting>& sightings) {
  until_ = std::max(until_, sighting.at);
  if (!is_of_person) {
    know(vendor, sighting);
    sightings.push_back(std::move(sighting));
    return;
  }
  std::set<std::string> all;
  for (const std::string& handle : handles_of(vendor, sighting)) {
    const auto found = sessions_.find(handle);
    if (found == sessions_.end()) continue;
    all.insert(found->second.begin(), found->second.end());
    known_ -= found->second.size();
    sessions_.erase(found);
  }
  std::size_t number = 0;
  for (const std::string& session : all) {
    Sighting one = sighting;
    one.session = session;
    one.key += "/" + std::to_string(++number);
    sightings.push_back(std::move(one));
  }
}

bool RecordedLogs::next(std::vector<Sighting>& sightings) {
  constexpr std::size_t some = 256;
  std::string bytes;
  std::size_t taken = 0;
  while (!finished_ && taken < some) {
    if (!sorter_.next(bytes)) {
      finished_ = true;
      break;
    }
    ++taken;
    Decoded one = decoded(bytes);
    give(one.vendor, std::move(one.sighting), one.is_of_person, sightings);
  }
  return taken > 0;
}

}  // namespace curfew::oauth::logs
