// An HTTP server that takes notifications, and fails as it is told to.
//
//   support::WebhookReceiver receiver;
//   receiver.then({.status = 503});             // the next answer; after those, 204
//   … receiver.url() … receiver.taken()[0].body …
//
// Threads: any. Owns: the server on a free port of the loopback. Fails: as Poco does.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace curfew::support {

struct Received {
  std::map<std::string, std::string> headers;  // names in lower case
  std::string path;
  std::string body;
};

class WebhookReceiver {
 public:
  struct Answer {
    int status = 204;
    std::string body;
    bool hang = false;       // answers nothing until the receiver ends
    bool break_off = false;  // closes the connection without an answer
    std::string location;
    std::string retry_after;
  };
  // With a certificate (PEM files): https.
  explicit WebhookReceiver(const std::string& certificate = {}, const std::string& key = {});
  ~WebhookReceiver();
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  void then(Answer answer);
  [[nodiscard]] std::string url(const std::string& path = "/hook") const;
  [[nodiscard]] std::vector<Received> taken() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace curfew::support
