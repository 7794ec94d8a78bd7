#include "plugins/oauth/providers/oidc/listing.hpp"

#include <simdjson.h>

#include <algorithm>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::oidc {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;
using web::invalid;
using web::Setting;

constexpr std::size_t most_rows = 20'000;  // of one answer
constexpr std::size_t most_client_sessions = 200;
constexpr std::int64_t first_of_milliseconds = 100'000'000'000;

[[noreturn]] void broken(const Listing& listing, const std::string& what) {
  throw Failure(Code::Unavailable, "the provider's list of " + listing.name + " " + what);
}

std::string pointer_in(const Setting& setting, const std::string& key, bool is_required = false) {
  if (!setting.has(key) && !is_required) return {};
  std::string text = setting.text(key, "");
  try {
    (void)nlohmann::json::json_pointer(text);
  } catch (const nlohmann::json::exception&) {
    invalid(setting.at(key) + " must be a JSON Pointer, such as /sessions");
  }
  if (is_required && text.empty()) invalid(setting.at(key) + " is missing: where a row says it, such as /id");
  return text;
}

std::optional<element> found(const element& from, const std::string& pointer) {
  if (pointer.empty()) return from;
  element out;
  if (from.at_pointer(pointer).get(out) != simdjson::SUCCESS || out.is_null()) return std::nullopt;
  return out;
}

// Text, or a whole number as text; nothing where there is neither.
std::optional<std::string> text_of(const element& value) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  std::int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS) return std::to_string(number);
  return std::nullopt;
}

// An id: what is there must be fit to be asked for again.
std::string id_in(const Listing& listing, const element& row, const std::string& pointer, bool is_required) {
  const auto value = pointer.empty() ? std::nullopt : found(row, pointer);
  if (!value) {
    if (is_required) broken(listing, "has a row without its id: is the place right?");
    return {};
  }
  const auto text = text_of(*value);
  if (!text || !is_safe_value(*text)) broken(listing, "has an id that is no text of 1 to 255 characters");
  return *text;
}

std::string words_in(const element& row, const std::string& pointer) {
  if (pointer.empty()) return {};
  const auto value = found(row, pointer);
  const auto text = value ? text_of(*value) : std::nullopt;
  return text && text->size() <= 1024 ? *text : std::string{};
}

Time time_in(const element& row, const std::string& pointer) {
  const auto value = pointer.empty() ? std::nullopt : found(row, pointer);
  if (!value) return {};
  std::string_view text;
  if (value->get_string().get(text) == simdjson::SUCCESS) return iso_time(text).value_or(Time{});
  double number = 0;
  // The end of the year 9999, in milliseconds.
  if (value->get_double().get(number) != simdjson::SUCCESS || !(number > 0) || number > 253'402'300'799'999.0)
    return {};
  const auto whole = static_cast<std::int64_t>(number);
  if (whole >= first_of_milliseconds) return Time(std::chrono::milliseconds(whole));
  return Time(std::chrono::microseconds(static_cast<std::int64_t>(number * 1e6)));
}

std::vector<std::string> client_sessions_in(const Listing& listing, const element& row) {
  std::vector<std::string> all;
  const auto value = listing.client_sessions.empty() ? std::nullopt : found(row, listing.client_sessions);
  if (!value) return all;
  const auto add = [&](const element& one) {
    auto text = text_of(one);
    if (text && is_safe_value(*text) && all.size() < most_client_sessions) all.push_back(std::move(*text));
  };
  simdjson::dom::array many;
  if (value->get_array().get(many) != simdjson::SUCCESS) {
    add(*value);
  } else {
    for (const element one : many) add(one);
  }
  return all;
}

}  // namespace

Listing read_listing(const Setting& setting, bool needs_session) {
  setting.only({"all", "of_subject", "rows", "session", "subject", "user_name", "started_at",
                "last_activity_at", "client", "client_sessions", "next", "page_size"});
  Listing listing{.name = setting.path().substr(setting.path().rfind('.') + 1),
                  .all = {},
                  .of_subject = {},
                  .rows = pointer_in(setting, "rows"),
                  .session = pointer_in(setting, "session", needs_session),
                  .subject = pointer_in(setting, "subject"),
                  .user_name = pointer_in(setting, "user_name"),
                  .started_at = pointer_in(setting, "started_at"),
                  .last_activity_at = pointer_in(setting, "last_activity_at"),
                  .client = pointer_in(setting, "client"),
                  .client_sessions = pointer_in(setting, "client_sessions"),
                  .next = pointer_in(setting, "next"),
                  .page_size = 0};
  const auto call = [&](const std::string& key,
                        const std::set<std::string>& names) -> std::optional<CallTemplate> {
    const auto inner = setting.inner(key);
    if (!inner) return std::nullopt;
    inner->only({"method", "path", "body", "absent"});
    CallTemplate read = read_call(*inner, names, "GET");
    read.accepted = {200};
    // Whoever answers 404 may be a proxy: only where the settings say so does it mean that a person has none.
    if (!inner->has("absent")) read.absent.clear();
    const auto pages = [](const Piece& piece) { return piece.is_name && piece.text == "page"; };
    const bool has_page = std::any_of(read.path.begin(), read.path.end(), pages) ||
                          read.body.dump().find("{page}") != std::string::npos;
    if (!listing.next.empty() && !has_page)
      invalid(inner->at("path") + " must say where {page} goes, as " + setting.at("next") + " is given");
    return read;
  };
  listing.all = call("all", {"page"});
  listing.of_subject = call("of_subject", {"subject", "page"});
  if (!listing.of_subject)
    invalid(setting.at("of_subject") +
            " is missing: how one person's are asked for, by which a sign-out is proved");
  if (listing.all && listing.subject.empty())
    invalid(setting.at("subject") + " is missing: in a list of everybody's, each row must say whose it is");
  const int size = setting.number("page_size", 0);
  if (size < 0 || size > static_cast<int>(most_rows))
    invalid(setting.at("page_size") + " must be from 1 to 20000");
  listing.page_size = static_cast<std::size_t>(size);
  return listing;
}

RowPage read_page(const Listing& listing, bool needs_session, std::string_view body) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS)
    broken(listing, "is no whole JSON: cut or damaged");
  const auto place = found(document, listing.rows);
  simdjson::dom::array rows;
  if (!place || place->get_array().get(rows) != simdjson::SUCCESS)
    broken(listing, "is no array at the place that `rows` says");
  RowPage page;
  for (const element row : rows) {
    if (!row.is_object()) broken(listing, "has a row that is no mapping");
    if (page.rows.size() >= most_rows)
      broken(listing, "has more than 20000 rows in one answer; give it pages");
    page.rows.push_back({.session = id_in(listing, row, listing.session, needs_session),
                         .subject = id_in(listing, row, listing.subject, false),
                         .user_name = words_in(row, listing.user_name),
                         .client = words_in(row, listing.client),
                         .client_sessions = client_sessions_in(listing, row),
                         .started_at = time_in(row, listing.started_at),
                         .last_activity_at = time_in(row, listing.last_activity_at)});
  }
  if (!listing.next.empty()) {
    if (const auto next = found(document, listing.next)) {
      const auto text = text_of(*next);
      if (!text || text->size() > 2048)
        broken(listing, "has a `next` that is no text of at most 2048 characters");
      page.next = *text;
    }
  } else if (listing.page_size != 0 && page.rows.size() >= listing.page_size) {
    broken(listing, "is as long as `page_size`: it may go on, and nothing says so");
  }
  return page;
}

}  // namespace curfew::oauth::oidc
