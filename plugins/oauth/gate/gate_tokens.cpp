#include "plugins/oauth/gate/gate_tokens.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "plugins/oauth/settings.hpp"

namespace curfew::oauth {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using web::invalid;
using web::Setting;

constexpr plugin::Duration again_after = 5s;  // while keys are wanted and can't be had

std::int64_t whole_seconds(plugin::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

std::optional<GateTokenSettings> gate_tokens_of(const Setting& all) {
  const auto given = all.inner("gate_tokens");
  if (!given) return std::nullopt;
  given->only({"audiences", "cookies", "types", "session_claim", "subject_claim", "clock_skew",
               "longest_life", "renew_every", "issuer", "jwks_uri", "algorithms"});
  GateTokenSettings out;
  out.audiences = list_in(*given, "audiences");
  if (out.audiences.empty())
    invalid(given->at("audiences") +
            " is missing: name what the tokens for the application behind the gate have in `aud`");
  out.cookies = list_in(*given, "cookies");
  out.types = list_in(*given, "types");
  out.session_claim = given->text("session_claim", out.session_claim);
  out.subject_claim = given->text("subject_claim", "");
  out.clock_skew = within(*given, "clock_skew", out.clock_skew, 0s, 5min);
  out.longest_life = within(*given, "longest_life", out.longest_life, 1min, 24h);
  out.renew_every = within(*given, "renew_every", out.renew_every, 1s, 24h);
  out.keys.issuer = given->text("issuer", "");
  out.keys.jwks_uri = given->text("jwks_uri", "");
  out.keys.algorithms = algorithms_in(*given);
  out.keys.lifetime = out.renew_every;
  return out;
}

GateTokens::GateTokens(GateTokenSettings settings, web::HttpServer server, PersonNaming naming,
                       std::function<plugin::Time()> now)
    : settings_(std::move(settings)),
      naming_(std::move(naming)),
      now_(now),
      keys_(std::move(server), settings_.keys, std::move(now)) {}

json GateTokens::judged_by() const {
  json tokens{{"issuer", settings_.keys.issuer},
              {"audiences", settings_.audiences},
              {"algorithms", settings_.keys.algorithms},
              {"session_claims", {settings_.session_claim}},
              {"subject_claim", settings_.subject_claim.empty() ? naming_.claim : settings_.subject_claim},
              {"subject_namespace", naming_.name_space},
              {"clock_skew_seconds", whole_seconds(settings_.clock_skew)},
              {"longest_life_seconds", whole_seconds(settings_.longest_life)}};
  if (!naming_.prefix.empty()) tokens["subject_prefix"] = naming_.prefix;
  if (!settings_.types.empty()) tokens["types"] = settings_.types;
  return tokens;
}

std::string gate_rules(const GateTokens* tokens, const IntrospectionSettings* introspection,
                       const std::string& sign_out) {
  std::vector<std::string> cookies;
  json rules = json::object();
  if (tokens != nullptr) {
    rules["tokens"] = tokens->judged_by();
    cookies = tokens->cookies();
  }
  if (introspection != nullptr) {
    rules["introspection"] = {{"keep_seconds", whole_seconds(introspection->keep)},
                              {"keep_refused_seconds", whole_seconds(introspection->keep_refused)},
                              {"clock_skew_seconds", whole_seconds(introspection->clock_skew)},
                              {"longest_life_seconds", whole_seconds(introspection->longest_life)},
                              {"revoke", introspection->revoke}};
    for (const std::string& cookie : introspection->cookies) {
      if (std::find(cookies.begin(), cookies.end(), cookie) == cookies.end()) cookies.push_back(cookie);
    }
  }
  json credentials = json::array({{{"in", "bearer"}, {"token", true}}});
  for (const std::string& cookie : cookies)
    credentials.push_back({{"in", "cookie"}, {"name", cookie}, {"token", true}});
  rules["credentials"] = credentials;
  rules["clear_cookies"] = cookies;
  if (!sign_out.empty()) rules["provider_sign_out"] = sign_out;
  return rules.dump();
}

std::optional<std::string> GateTokens::keys_if_new(bool wanted, plugin::Time deadline) {
  wanted_ = wanted_ || wanted;
  const plugin::Time now = now_();
  if (now < next_ && !wanted) return std::nullopt;
  next_ = now + again_after;
  const std::uint64_t asked = keys_.asked();
  std::string document = keys_.document(wanted_, deadline);
  // Not asked, as it was a moment ago: then soon.
  if (!wanted_ || keys_.asked() != asked) {
    wanted_ = false;
    next_ = now + settings_.renew_every;
  }
  if (document == told_) return std::nullopt;
  told_ = document;
  return document;
}

}  // namespace curfew::oauth
