// LemonLDAP::NG's REST session server (restSessionServer). What it answers was tried with 2.16:
// a session that is gone, one that can't be read and a storage that is away look the same (400), so its "not
// found" counts only beside another session that it still shows; and its own cache may show for a while what
// the storage has no more, which settles_after has to outlast.
#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <mutex>

#include "plugins/forms/stores/http_store.hpp"
#include "plugins/web/http_client.hpp"

namespace curfew::forms {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Time;

// Its ids are hexadecimal; what else came in a cookie isn't asked for.
bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 256 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

constexpr std::size_t most_others = 16;
constexpr int most_asked = 3;

enum class Shown { Alive, Gone, Unclear };

class LemonldapStore final : public Store {
 public:
  LemonldapStore(web::HttpServer server, std::map<std::string, std::string> headers,
                 plugin::Duration settles_after)
      : client_(std::move(server)), headers_(std::move(headers)), settles_after_(settles_after) {
    headers_["Accept"] = "application/json";
  }

  [[nodiscard]] Abilities abilities() const noexcept override { return {.ends = true, .proves = true}; }
  [[nodiscard]] plugin::Duration settles_after() const noexcept override { return settles_after_; }

  void list(const std::function<void(const StoredSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported,
                  "LemonLDAP::NG lists its sessions only to who has its key; ids come from the access log");
  }
  Answer cancel(const SessionName& /*session*/, Time /*deadline*/) override {
    return {Code::Unsupported, "LemonLDAP::NG has no cancel"};
  }
  Answer end_subject(const std::string& /*subject*/, Time /*deadline*/) override {
    return {Code::Unsupported, "LemonLDAP::NG has no such call"};
  }

  Answer end(const SessionName& session, Time deadline) override {
    if (!is_id(session.id)) return {Code::Failed, "this is no session id of LemonLDAP::NG"};
    const web::HttpReply reply = client_.ask({.method = "DELETE",
                                              .path = "/sessions/global/" + web::percent_encoded(session.id),
                                              .headers = headers_,
                                              .body = {}},
                                             deadline);
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    const bool is_json = parser.parse(reply.body).get(document) == simdjson::SUCCESS;
    simdjson::dom::element value;
    if (reply.status == 200 && is_json && document.at_key("result").get(value) == simdjson::SUCCESS) {
      const std::string result = simdjson::minify(value);
      if (result == "1" || result == "\"1\"") return {Code::Ok, "deleted"};
      throw Failure(Code::Unavailable,
                    client_.where() + ": LemonLDAP::NG could not delete the session; is its storage there?");
    }
    std::string_view error;
    if (reply.status == 400 && is_json &&
        document.at_key("error").get_string().get(error) == simdjson::SUCCESS &&
        error == "Session Id does not exist")
      return {Code::NotFound, "it says that there is no such session"};
    fail(reply);
  }

  Found prove(const SessionName& session, Time deadline) override {
    if (!is_id(session.id)) return {Liveness::Unknown, "this is no session id of LemonLDAP::NG"};
    try {
      switch (look(session.id, deadline)) {
        case Shown::Alive:
          remember(session.id);
          return {Liveness::Alive, {}};
        case Shown::Unclear:
          return {Liveness::Unknown, client_.where() + ": gave no answer of LemonLDAP::NG's session server"};
        case Shown::Gone:
          break;
      }
      for (const std::string& other : others(session.id)) {
        switch (look(other, deadline)) {
          case Shown::Alive:
            return {Liveness::Dead, {}};
          case Shown::Gone:
            forget(other);
            break;
          case Shown::Unclear:
            break;
        }
      }
      return {Liveness::Unknown,
              "LemonLDAP::NG answers the same for a session that is gone and for a storage that is; "
              "no other session was shown beside it"};
    } catch (const Failure& failure) {
      return {Liveness::Unknown, failure.what()};
    }
  }

 private:
  [[noreturn]] void fail(const web::HttpReply& reply) const {
    throw Failure(Code::Unavailable,
                  client_.where() + ": asked LemonLDAP::NG to delete a session, it answered " +
                      std::to_string(reply.status) + "; is restSessionServer on, and may we use it?");
  }

  // Only two of a session's values, and no personal one.
  Shown look(const std::string& id, Time deadline) {
    const web::HttpReply reply =
        client_.ask({.method = "GET",
                     .path = "/sessions/global/" + web::percent_encoded(id) + "/%5B_utime,_session_kind%5D",
                     .headers = headers_,
                     .body = {}},
                    deadline);
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    simdjson::dom::element value;
    if (!reply.is_framed || parser.parse(reply.body).get(document) != simdjson::SUCCESS)
      return Shown::Unclear;
    if (reply.status == 200) {
      const bool is_session = document.at_key("_utime").get(value) == simdjson::SUCCESS && !value.is_null();
      return is_session ? Shown::Alive : Shown::Unclear;
    }
    std::string_view error;
    if (reply.status != 400 || document.at_key("error").get_string().get(error) != simdjson::SUCCESS)
      return Shown::Unclear;
    return error == "0" || error == "Session Id does not exist" ? Shown::Gone : Shown::Unclear;
  }

  void remember(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::erase(alive_, id);
    alive_.push_front(id);
    if (alive_.size() > most_others) alive_.pop_back();
  }
  void forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::erase(alive_, id);
  }
  std::vector<std::string> others(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const std::string& other : alive_) {
      if (other != id && all.size() < most_asked) all.push_back(other);
    }
    return all;
  }

  web::HttpClient client_;
  std::map<std::string, std::string> headers_;
  plugin::Duration settles_after_;
  std::mutex mutex_;
  std::deque<std::string> alive_;  // the latest that were shown
};

}  // namespace

std::unique_ptr<Store> make_lemonldap_store(const web::Setting& setting) {
  setting.only({"kind", "url", "ca_file", "certificate_file", "key_file", "plain_beyond_loopback", "secret",
                "headers", "statement_timeout", "connect_timeout", "settles_after"});
  if (!setting.has("settles_after"))
    web::invalid(setting.at("settles_after") +
                 " is missing: how long handlers go on with what they cached. 15s is handlerInternalCache; "
                 "handlers on "
                 "other machines than the portal also keep a local cache, 10m by default");
  std::map<std::string, std::string> headers = setting.texts("headers");
  const std::string secret = setting.text("secret", "");
  for (auto& [name, value] : headers) {
    const std::size_t at = value.find("{secret}");
    if (at == std::string::npos) continue;
    if (secret.empty()) web::invalid(setting.at("headers") + " asks for {secret}, and there is none");
    value.replace(at, 8, secret);
  }
  return std::make_unique<LemonldapStore>(web::http_server_of(setting, "statement_timeout"),
                                          std::move(headers),
                                          setting.duration("settles_after", plugin::Duration{}));
}

}  // namespace curfew::forms
