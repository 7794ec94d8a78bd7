// A person's browser, as far as an application can tell: it keeps its cookie, and says what it was let see.
//
//   Client alice(port);
//   alice.sign_in("/login", "user=alice&password=alice-pw");
//   EXPECT_TRUE(alice.sees("/app", marker));
//
// Threads: one. Owns: its cookies. Fails: Poco::Exception when nobody listens.
#pragma once

#include <map>
#include <string>

namespace curfew::support {

struct Page {
  int status = 0;
  std::string location;
  std::string body;
};

class Client {
 public:
  explicit Client(int port, std::string address = "127.0.0.1") : port_(port), address_(std::move(address)) {}

  // Of a virtual host; empty: by its address.
  Page get(const std::string& path, const std::string& host = {});
  Page post(const std::string& path, const std::string& form, const std::string& host = {});
  // With the cookie of before, whatever the application says of it now.
  bool sees(const std::string& path, const std::string& marker, const std::string& host = {});
  [[nodiscard]] std::string cookie(const std::string& name) const;

 private:
  Page ask(const std::string& method, const std::string& path, const std::string& form,
           const std::string& host);
  int port_;
  std::string address_;
  std::map<std::string, std::string> cookies_;
};

}  // namespace curfew::support
