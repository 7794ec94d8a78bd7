#include "plugins/oauth/shared_signals/options.hpp"

#include <algorithm>

#include "plugins/oauth/shared_signals/stream_management.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using web::invalid;
using web::Setting;
using namespace std::chrono_literals;

std::string endpoint_of(const Setting& own, const std::string& key) {
  std::string url = own.text(key, "");
  if (!url.empty() && !is_safe_endpoint(url))
    invalid(own.at(key) + " must be https://…, or http:// on this machine");
  return url;
}

StreamUse use_of(const Setting& own) {
  const std::string use = own.text("stream", "existing");
  if (use == "none") return StreamUse::None;
  if (use == "existing") return StreamUse::Existing;
  if (use == "create") return StreamUse::Create;
  invalid(own.at("stream") + " must be none, existing or create");
}

Delivery delivery_of(const Setting& own) {
  const std::string delivery = own.text("delivery", "push");
  if (delivery == "push") return Delivery::Push;
  if (delivery == "poll") return Delivery::Poll;
  invalid(own.at("delivery") + " must be push or poll");
}

std::vector<std::string> events_of(const Setting& own) {
  std::vector<std::string> events = list_in(own, "events");
  if (!events.empty()) return events;
  for (const EventType& type : all_event_types()) {
    if (type.meaning == Meaning::Told) events.emplace_back(type.uri);
  }
  return events;
}

// What the settings say is of no use, or lacks something.
void check(const Setting& own, const Options& options) {
  const StreamTerms& stream = options.stream;
  const bool has_access = !options.access.token.empty() || !options.access.token_url.empty();
  const bool polls = stream.delivery == Delivery::Poll;
  if (!options.access.token.empty() && !options.access.token_url.empty())
    invalid(own.at("access_token") +
            " and token_url exclude each other: either a token that was given out, or "
            "where to fetch one");
  if (!options.access.token_url.empty() && options.access.client.id.empty())
    invalid("client_id is missing: " + own.at("token_url") + " wants it, and client_secret");
  if (options.access.token_url.empty() && !options.access.client.id.empty())
    invalid(own.at("token_url") + " is missing: where client_id gets its access token");
  if (!has_access && (stream.use != StreamUse::None || polls))
    invalid(own.at("token_url") +
            " (with client_id and client_secret) or access_token is missing: the transmitter "
            "answers nobody else. For push alone, say stream: none");
  if (stream.use == StreamUse::None && polls && options.poll_url.empty())
    invalid(own.at("poll_url") +
            " is missing: where the events are, as stream: none asks for no configuration");
  if (!options.poll_url.empty() && (!polls || stream.use != StreamUse::None))
    invalid(own.at("poll_url") +
            " is only for delivery: poll with stream: none; else the stream's configuration "
            "says it");
  if (stream.use == StreamUse::Create && !polls && stream.push_url.empty())
    invalid(own.at("push_url") +
            " is missing: where the new stream delivers to, "
            "https://<curfew>/open/<source>/shared-signals as the transmitter reaches it");
  if (polls && !stream.push_url.empty()) invalid(own.at("push_url") + " is only for delivery: push");
  if (polls && !options.push_token.empty()) invalid(own.at("push_token") + " is only for delivery: push");
}

}  // namespace

Options options_of(const OauthSettings& settings) {
  const Setting& own = settings.own;
  own.only({"audiences", "delivery", "stream", "stream_id", "push_url", "push_token", "poll_url",
            "access_token", "token_url", "scope", "events", "tenants", "max_events", "max_age",
            "verify_every", "verify_within", "email_namespace", "jwks_uri", "algorithms"});
  if (!settings.journal.empty()) invalid("journal: no account is changed by shared signals");
  const std::string& issuer = settings.server.url;
  Options out;
  out.events = {.audiences = list_in(own, "audiences"),
                .clock_skew = settings.clock_skew,
                .max_age = within(own, "max_age", 24h, 1min, 31 * 24h),
                .naming = {.issuer = issuer,
                           .email_namespace = own.text("email_namespace", "email"),
                           .user_namespace = [fixed = settings.username_namespace](std::string_view name) {
                             if (!fixed.empty()) return fixed;
                             return std::string(name.find('@') == std::string_view::npos ? "user" : "upn");
                           }}};
  if (out.events.audiences.empty())
    invalid(own.at("audiences") + " is missing: what the transmitter writes into `aud` for Curfew");
  out.reading.tenants = list_in(own, "tenants");
  out.keys = {.issuer = issuer,
              .jwks_uri = own.text("jwks_uri", ""),
              .metadata_url = metadata_url(issuer),
              .algorithms = algorithms_in(own)};
  out.stream = {.issuer = issuer,
                .audiences = out.events.audiences,
                .delivery = delivery_of(own),
                .use = use_of(own),
                .stream_id = own.text("stream_id", ""),
                .push_url = endpoint_of(own, "push_url"),
                .push_token = own.text("push_token", ""),
                .events = events_of(own),
                .verify_every = within(own, "verify_every", 5min, 0s, 24h),
                .verify_within = within(own, "verify_within", 2min, 1s, 24h)};
  out.access = {.token = own.text("access_token", ""),
                .token_url = endpoint_of(own, "token_url"),
                .client = settings.client};
  out.access.client.scope = own.text("scope", "");
  out.push_token = out.stream.push_token;
  out.poll_url = endpoint_of(own, "poll_url");
  const int most = own.number("max_events", 100);
  if (most < 1 || most > 1000) invalid(own.at("max_events") + " must be from 1 to 1000");
  out.most_events = static_cast<std::size_t>(most);
  check(own, out);
  return out;
}

}  // namespace curfew::oauth::shared_signals
