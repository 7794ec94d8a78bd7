#include "plugins/oauth/tokens/issuer_keys.hpp"

#include <utility>

namespace curfew::oauth {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;

constexpr std::size_t most_bytes = 1U << 20U;

// The URL's server, and its path.
std::pair<std::string, std::string> split(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t slash = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
  if (slash == std::string::npos) return {url, ""};
  return {url.substr(0, slash), url.substr(slash)};
}

}  // namespace

IssuerKeys::IssuerKeys(web::HttpServer server, IssuerKeysSettings settings, std::function<plugin::Time()> now)
    : server_(std::move(server)), settings_(std::move(settings)), now_(std::move(now)) {}

std::uint64_t IssuerKeys::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::string IssuerKeys::fetch(const std::string& url, plugin::Time deadline) const {
  auto [origin, path] = split(url);
  web::HttpServer server = server_;
  server.url = std::move(origin);
  web::HttpClient client(server);
  web::HttpCall call;
  call.path = std::move(path);
  call.headers["Accept"] = "application/json";
  web::HttpReply reply = client.ask(call, deadline);
  if (reply.status != 200)
    throw Failure(Code::Unavailable, client.where() + " answered " + std::to_string(reply.status) +
                                         " when it was asked for the issuer's metadata or keys");
  if (reply.body.size() > most_bytes)
    throw Failure(Code::Unavailable, client.where() + " sent metadata or keys of more than 1 MiB");
  return std::move(reply.body);
}

IssuerKeys::Kept IssuerKeys::current(bool anew, plugin::Time deadline) {
  const std::lock_guard lock(mutex_);
  refresh(anew, deadline);
  return {keys_, fetched_at_};
}

std::string IssuerKeys::document(bool anew, plugin::Time deadline) {
  const std::lock_guard lock(mutex_);
  refresh(anew, deadline);
  return document_;
}

// Under the lock: there are keys afterwards, or it throws.
void IssuerKeys::refresh(bool anew, plugin::Time deadline) {
  const plugin::Time now = now_();
  const bool is_old = !has_keys_ || now - fetched_at_ >= settings_.lifetime || now < fetched_at_;
  const bool may_ask = asked_ == 0 || now - asked_at_ >= settings_.pause || now < asked_at_;
  if (!(anew || is_old)) return;
  if (!may_ask) {
    if (has_keys_) return;
    throw Failure(Code::Unavailable, "the keys of " + settings_.issuer + " could not be had a moment ago");
  }
  asked_at_ = now;
  ++asked_;
  try {
    std::string sent =
        fetch(settings_.jwks_uri.empty() ? discovered(deadline) : settings_.jwks_uri, deadline);
    keys_ = KeySet::parse(sent);
    document_ = std::move(sent);
    has_keys_ = true;
    fetched_at_ = now;
  } catch (const BadToken& wrong) {
    if (!has_keys_) throw Failure(Code::Unavailable, settings_.issuer + ": " + wrong.what());
  } catch (const Failure&) {
    if (!has_keys_) throw;
  }
}

std::string IssuerKeys::discovered(plugin::Time deadline) const {
  std::string where = settings_.metadata_url;
  if (where.empty()) {
    where = settings_.issuer;
    if (where.ends_with('/')) where.pop_back();
    where += "/.well-known/openid-configuration";
  }
  const json metadata = json::parse(fetch(where, deadline), nullptr, false);
  // Discovery 4.3: else somebody else's document could name the keys.
  if (!metadata.is_object() || metadata.value("issuer", json()) != settings_.issuer)
    throw Failure(Code::Unavailable, "the discovery document of " + settings_.issuer +
                                         " is of another issuer, or none; look at `issuer`");
  const auto found = metadata.find("jwks_uri");
  if (found == metadata.end() || !found->is_string())
    throw Failure(Code::Unavailable,
                  "the discovery document of " + settings_.issuer + " has no jwks_uri; give it as a setting");
  std::string url = found->get<std::string>();
  if (!url.starts_with("https://") && split(url).first != split(settings_.issuer).first)
    throw Failure(Code::Unavailable, "the discovery document of " + settings_.issuer +
                                         " names keys at another server without TLS; they are not believed");
  return url;
}

namespace {

[[noreturn]] void refuse(const KeySet& keys, const SignedToken& token) {
  if (keys.has_key_for(token))
    throw BadToken("its signature is not of the issuer's keys", TokenFault::Signature);
  throw BadToken("the issuer has no key of its kind and id", TokenFault::Key);
}

}  // namespace

SignedToken IssuerKeys::verified(std::string_view compact, plugin::Time deadline) {
  SignedToken token(compact, settings_.algorithms);
  if (current(false, deadline).keys.signed_it(token)) return token;
  const KeySet keys = current(true, deadline).keys;
  if (!keys.signed_it(token)) refuse(keys, token);
  return token;
}

void IssuerKeys::check(const SignedToken& token, plugin::Time came_at, plugin::Time deadline) {
  Kept kept = current(false, deadline);
  if (kept.keys.signed_it(token)) return;
  if (kept.fetched_at < came_at) {
    kept = current(true, deadline);
    if (kept.keys.signed_it(token)) return;
  }
  if (kept.fetched_at < came_at)
    throw Failure(Code::Unavailable, "a token is signed by a key that is not known, and the keys of " +
                                         settings_.issuer + " can't be asked for anew yet");
  refuse(kept.keys, token);
}

}  // namespace curfew::oauth
