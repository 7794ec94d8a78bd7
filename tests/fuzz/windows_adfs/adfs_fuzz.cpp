// Audits of AD FS, parted by NUL. Of each the first byte chooses: 'x', the XML of a basic one; 'm', the text
// that a collector rendered; 'v', values by position, one a line. The second byte chooses the event. Texts
// are bounded and clean whatever comes, what fits into the host's memory, and a restart loses nothing.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/pairing.hpp"
#include "plugins/windows/push/event_text.hpp"

namespace {

using namespace curfew::windows;

void require(bool held) {
  if (!held) std::abort();
}

class Sink final : public PairingSink {
 public:
  void found(Finding&& finding) override {
    require(!finding.key.empty() && is_clean_utf8(finding.key));
    for (const std::string* text :
         {&finding.handle, &finding.account, &finding.sid, &finding.upn, &finding.device, &finding.address,
          &finding.user_agent, &finding.application, &finding.failure})
      require(is_clean_utf8(*text) && text->size() <= 2048);
  }
  void judged(std::uint32_t, Fate, std::string_view) override { ++judged_count; }
  std::size_t judged_count = 0;
};

constexpr std::array<std::uint32_t, 16> ids{1200, 1201, 1202, 1203, 1204, 1205, 1206, 1207,
                                            1210, 299,  403,  410,  411,  412,  500,  501};
constexpr std::string_view activity = "0d23868f-2ad0-4ff2-a774-511ef7b36a04";

WindowsEvent audit_of(std::string_view text, std::uint64_t number) {
  WindowsEvent event;
  event.provider = "AD FS Auditing";
  event.channel = "Security";
  event.computer = "ADFS1";
  event.time = Time{std::chrono::hours(24 * 365 * 50)} + std::chrono::seconds(number);
  event.record_id = number;
  event.event_id = ids[text.size() > 1 ? static_cast<std::uint8_t>(text[1]) % ids.size() : 0];
  const std::string_view body = text.substr(std::min<std::size_t>(text.size(), 2));
  if (text.starts_with('m')) {
    adfs::read_audit_message(event, body);
  } else if (text.starts_with('v')) {
    std::vector<std::string_view> values;
    std::string_view rest = body;
    while (!rest.empty()) {
      values.push_back(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(std::min(rest.size(), values.back().size() + 1));
    }
    adfs::read_audit_record(event, values);
  } else {
    const std::array<std::string_view, 2> values{activity, body};
    adfs::read_audit_record(event, values);
  }
  for (std::size_t i = 0; i < field_count; ++i) {
    const std::string_view value = event.get(static_cast<Field>(i));
    require(value.size() <= 1024 && is_clean_utf8(value));
  }
  return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Sink sink;
  Pairing pairing({}, sink);
  std::size_t count = 0;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    WindowsEvent event = audit_of(one, ++count);
    require(Pairing::uses(event));
    std::string kept;
    append_event(kept, event);
    require(kept.size() <= 4000);
    pairing.add(std::move(event));
  }
  pairing.finish();
  require(sink.judged_count == count);
  Pairing after({}, sink);
  for (const auto& [key, value] : pairing.take_changes()) {
    require(key.size() <= 256 && value.size() <= 4096);
    after.restore(key, value);
  }
  require(after.live() == pairing.live());
  return 0;
}
