#include "plugins/oauth/logs/log_coverage.hpp"

#include <algorithm>
#include <numeric>

#include "plugins/files/json_text.hpp"
#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::logs {
namespace {

using files::append;
using files::append_counts;

constexpr std::size_t most_places = 100;
constexpr std::size_t most_names = 500;

using Counts = std::map<std::string, std::uint64_t, std::less<>>;

// Names come out of records: a log may not make endless ones.
void count_named(Counts& counts, std::string_view name) {
  const auto found = counts.find(name);
  if (found != counts.end())
    ++found->second;
  else
    ++counts[counts.size() < most_names ? files::to_clean_utf8(name) : "other"];
}

std::uint64_t total_of(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& one) { return sum + one.second; });
}

void append_input(std::string& json, const LogInput& input) {
  append(json, "records_total", input.records_total);
  files::append_unreadable(json, input.unreadable, input.places);
  append_counts(json, "vendors", input.vendors);
  append_counts(json, "told", input.told);
  append_counts(json, "filtered", input.filtered);
  if (input.continued_lines != 0) append(json, "continued_lines", input.continued_lines);
  if (input.last != plugin::Time{}) {
    append(json, "first", files::format_time(input.first));
    append(json, "last", files::format_time(input.last));
  }
}

std::string_view not_shown_by(std::string_view vendor) {
  using events::EventTable;
  for (const EventTable* table : {&events::okta_events(), &events::auth0_events(),
                                  &events::authentik_events(), &events::business_central_events()}) {
    if (table->vendor == vendor) return table->shows_not;
  }
  for (const EventTable& table : events::other_events()) {
    if (table.vendor == vendor) return table.shows_not;
  }
  if (vendor == "entra")
    return "sign-outs, sessions that end by themselves; the session, where sessionId is missing";
  if (vendor == "keycloak")
    return "sessions that end by themselves; sessions that others end, without admin events";
  return {};
}

}  // namespace

std::uint64_t LogInput::filtered_total() const { return total_of(filtered); }
std::uint64_t LogInput::told_total() const { return total_of(told); }

std::string_view name_of(plugin::Type type) {
  switch (type) {
    case plugin::Type::SignIn:
      return "sign_in";
    case plugin::Type::SignInFailed:
      return "sign_in_failed";
    case plugin::Type::TokenRefreshed:
      return "token_refreshed";
    case plugin::Type::Reauthenticated:
      return "reauthenticated";
    case plugin::Type::Resumed:
      return "resumed";
    case plugin::Type::SignOut:
      return "sign_out";
    case plugin::Type::Expired:
      return "expired";
    case plugin::Type::Revoked:
      return "revoked";
    case plugin::Type::CredentialChanged:
      return "credential_changed";
    case plugin::Type::AccountDisabled:
      return "account_disabled";
    case plugin::Type::AccountEnabled:
      return "account_enabled";
    default:
      return "activity";
  }
}

std::uint32_t LogCoverage::add_input(std::string_view name) {
  inputs_.emplace_back().name = files::to_clean_utf8(name);
  return static_cast<std::uint32_t>(inputs_.size() - 1);
}

void LogCoverage::count_told(std::uint32_t number, std::string_view vendor, const Sighting& sighting) {
  LogInput& input = inputs_[number];
  ++input.records_total;
  count_named(input.vendors, vendor);
  count_named(input.told, name_of(sighting.type));
  if (input.last == plugin::Time{} || sighting.at < input.first) input.first = sighting.at;
  input.last = std::max(input.last, sighting.at);
}

void LogCoverage::count_filtered(std::uint32_t number, std::string_view vendor, std::string_view name) {
  LogInput& input = inputs_[number];
  ++input.records_total;
  if (!vendor.empty()) count_named(input.vendors, vendor);
  count_named(input.filtered,
              vendor.empty() ? std::string(name) : std::string(vendor) + ": " + std::string(name));
}

void LogCoverage::count_unreadable(std::uint32_t number, std::string_view place, std::string_view why) {
  LogInput& input = inputs_[number];
  ++input.records_total;
  ++input.unreadable;
  if (input.places.size() < most_places)
    input.places.emplace_back(files::to_clean_utf8(place.substr(0, 512)),
                              files::to_clean_utf8(why.substr(0, 512)));
}

LogInput LogCoverage::sum() const {
  LogInput total;
  for (const LogInput& input : inputs_) {
    if (input.last != plugin::Time{}) {
      if (total.last == plugin::Time{} || input.first < total.first) total.first = input.first;
      total.last = std::max(total.last, input.last);
    }
    total.records_total += input.records_total;
    total.unreadable += input.unreadable;
    total.continued_lines += input.continued_lines;
    for (const auto& [place, why] : input.places) {
      if (total.places.size() < most_places) total.places.emplace_back(input.name + ": " + place, why);
    }
    for (const auto& [name, count] : input.vendors) total.vendors[name] += count;
    for (const auto& [name, count] : input.told) total.told[name] += count;
    for (const auto& [name, count] : input.filtered) total.filtered[name] += count;
  }
  return total;
}

std::string LogCoverage::to_json() const {
  const LogInput all = sum();
  std::string json = "{";
  append_input(json, all);
  files::append_key(json, "not_shown");
  json += '{';
  for (const auto& [vendor, count] : all.vendors) {
    if (const std::string_view text = not_shown_by(vendor); !text.empty()) append(json, vendor, text);
  }
  json += '}';
  files::append_inputs(json, inputs_, append_input);
  json += '}';
  return json;
}

}  // namespace curfew::oauth::logs
