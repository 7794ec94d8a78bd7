#include "plugins/oauth/gate/provider_sign_out.hpp"

#include <algorithm>

#include "plugins/web/http_client.hpp"

namespace curfew::oauth {
namespace {

// It stands in a page and in a header.
std::string url_in(const web::Setting& from, const std::string& key) {
  std::string url = from.text(key, "");
  const bool is_plain = std::all_of(url.begin(), url.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("\"<>\\`").find(c) == std::string_view::npos;
  });
  if (!url.empty() && (!is_plain || (!url.starts_with("https://") && !url.starts_with("http://"))))
    web::invalid(from.at(key) + " must be a URL");
  return url;
}

}  // namespace

std::optional<ProviderSignOut> provider_sign_out_of(const web::Setting& all) {
  const auto given = all.inner("rp_initiated_logout");
  if (!given) return std::nullopt;
  given->only({"endpoint", "client_id", "post_logout_redirect_uri"});
  return ProviderSignOut{.endpoint = url_in(*given, "endpoint"),
                         .client = given->text("client_id"),
                         .back = url_in(*given, "post_logout_redirect_uri")};
}

std::string link_of(const ProviderSignOut& wanted, const std::string& endpoint) {
  std::string url = endpoint.substr(0, endpoint.find('#'));
  url += (url.find('?') == std::string::npos ? "?" : "&");
  url += "client_id=" + web::percent_encoded(wanted.client);
  if (!wanted.back.empty()) url += "&post_logout_redirect_uri=" + web::percent_encoded(wanted.back);
  return url;
}

}  // namespace curfew::oauth
