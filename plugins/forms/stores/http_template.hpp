// A configured call, and what its answers mean.
//
//   const CallTemplate call(setting, "DELETE", {}, secret);
//   HttpCall ready = call.with({.id = "8bf0…", .subject = "carol"});
//   const AnswerRule dead(*setting.inner("dead"));  if (dead.fits(reply)) …
//
// Places: {session}, {subject} in path and body, {secret} in headers and body. What is put in is escaped for
// where it stands: the path, a JSON string, a form.
//
// Threads: values. Owns: nothing. Fails: plugin::Failure(Invalid) naming the setting.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/forms/stores/store.hpp"
#include "plugins/web/http_client.hpp"

namespace curfew::forms {

class CallTemplate {
 public:
  CallTemplate(const web::Setting& call, const std::string& default_method,
               const std::map<std::string, std::string>& headers, const std::string& secret);
  [[nodiscard]] web::HttpCall with(const SessionName& name) const;
  [[nodiscard]] bool uses_session() const;
  [[nodiscard]] bool uses_subject() const;
  [[nodiscard]] const std::string& setting() const { return setting_; }

 private:
  enum class Escape { Percent, Json };
  [[nodiscard]] static std::string fill(const std::string& text, const SessionName& name,
                                        const std::string& secret, Escape escape);
  std::string setting_;
  std::string method_;
  std::string path_;
  std::map<std::string, std::string> headers_;
  std::string body_;
  Escape body_escape_ = Escape::Json;
  std::string secret_;
};

// All that it says must hold.
class AnswerRule {
 public:
  // {status: [200], contains: text, json: {/active: false}}
  explicit AnswerRule(const web::Setting& rule);
  [[nodiscard]] bool fits(const web::HttpReply& reply) const;
  [[nodiscard]] const std::vector<int>& statuses() const { return statuses_; }

 private:
  std::vector<int> statuses_;
  std::string contains_;
  std::vector<std::pair<std::string, std::string>> json_;  // pointer; value as JSON text
};

}  // namespace curfew::forms
