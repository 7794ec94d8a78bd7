#include "plugins/oauth/back_channel/logout_token.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "plugins/files/text.hpp"

namespace curfew::oauth {
namespace {

using nlohmann::json;
using plugin::Time;

constexpr std::string_view logout_event = "http://schemas.openid.net/event/backchannel-logout";
constexpr std::size_t longest_text = 512;
constexpr double latest_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

// Seconds since 1970, with a fraction if need be (RFC 7519, NumericDate).
Time time_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return {};
  const double seconds = found->is_number() ? found->get<double>() : -1;
  if (!(seconds > 0 && seconds <= latest_second))
    throw BadToken(std::string("`") + name + "` is no time in seconds");
  return Time{plugin::Duration{static_cast<std::int64_t>(std::floor(seconds * 1e6))}};
}

std::string text_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return {};
  if (!found->is_string()) throw BadToken(std::string("`") + name + "` is no text");
  std::string text = found->get<std::string>();
  if (text.empty() || text.size() > longest_text || !files::is_clean_utf8(text))
    throw BadToken(std::string("`") + name + "` is empty, too long or no text");
  return text;
}

std::string audience_in(const json& claims, const std::vector<std::string>& expected) {
  const auto found = claims.find("aud");
  if (found == claims.end()) throw BadToken("`aud` is missing");
  const auto is_ours = [&](const json& one) {
    return one.is_string() && std::find(expected.begin(), expected.end(), one) != expected.end();
  };
  if (is_ours(*found)) return found->get<std::string>();
  if (found->is_array()) {
    const auto ours = std::find_if(found->begin(), found->end(), is_ours);
    if (ours != found->end()) return ours->get<std::string>();
  }
  throw BadToken("`aud` has none of the clients that this source is told for");
}

}  // namespace

LogoutToken read_logout_token(const SignedToken& token, const LogoutTerms& terms, Time now) {
  const json& claims = token.claims();
  // What is made for another use is none of ours (RFC 8725, 3.11).
  if (!token.type().empty() && token.type() != "jwt" && token.type() != "logout+jwt")
    throw BadToken("its header says that it is for another use");
  if (text_in(claims, "iss") != terms.issuer) throw BadToken("`iss` is not the issuer of this source");
  LogoutToken out;
  out.audience = audience_in(claims, terms.audiences);
  out.issued_at = time_in(claims, "iat");
  if (out.issued_at == Time{}) throw BadToken("`iat` is missing");
  if (out.issued_at > now + terms.clock_skew)
    throw BadToken("`iat` lies in the future; compare the clocks of the provider and of this machine");
  const Time expires = time_in(claims, "exp");
  out.good_until = (expires != Time{} ? expires : out.issued_at + terms.lifetime) + terms.clock_skew;
  if (now >= out.good_until)
    throw BadToken("it has expired; compare the clocks of the provider and of this machine");
  if (out.good_until > now + std::chrono::hours(24) + terms.clock_skew)
    throw BadToken("`exp` is more than a day away: nobody keeps a logout for so long");
  out.id = text_in(claims, "jti");
  if (out.id.empty()) throw BadToken("`jti` is missing: it could be sent again and again");
  const auto events = claims.find("events");
  if (events == claims.end() || !events->is_object()) throw BadToken("`events` is missing");
  const auto logout = events->find(logout_event);
  if (logout == events->end() || !logout->is_object()) throw BadToken("`events` has no back-channel logout");
  if (claims.contains("nonce")) throw BadToken("it has a `nonce`: it is an ID token");
  out.subject = text_in(claims, "sub");
  out.session = text_in(claims, "sid");
  if (out.subject.empty() && out.session.empty()) throw BadToken("neither `sub` nor `sid` says who or what");
  return out;
}

}  // namespace curfew::oauth
