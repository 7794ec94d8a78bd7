// A browser that a test drives over WebDriver (chromedriver), as a person would: what is on the screen
// counts.
//
//   const ServerProcess driver({"/usr/bin/chromedriver", "--port=9515"}, {}, output);
//   Browser browser(9515, {"--user-data-dir=" + profile});
//   browser.open("https://app.corp.test/");  browser.type("input", "alice");  browser.click("button");
//   EXPECT_TRUE(browser.comes_to_show("Welcome"));
//
// Threads: one. Owns: the browser; ends it as a person closes it. Fails: BrowserError.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace curfew::browser_test {

struct BrowserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Browser {
 public:
  // `machine`: settings that are of no profile ("Local State"), as a managed machine's.
  Browser(int driver_port, std::vector<std::string> arguments, const nlohmann::json& machine);
  Browser(int driver_port, std::vector<std::string> arguments);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  // Each returns when the page has been loaded.
  void open(const std::string& url);
  void back();
  void forward();
  void refresh();

  void type(const std::string& selector, const std::string& text);
  void click(const std::string& selector);
  // What can be seen of the page, and all that it consists of.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string dom() const;
  [[nodiscard]] std::string address() const;
  // Empty: there is none.
  [[nodiscard]] std::string cookie(const std::string& name) const;
  // False after half a minute. A page that is just replaced by another shows nothing.
  [[nodiscard]] bool comes_to_show(const std::string& text) const;
  [[nodiscard]] bool comes_to_hide(const std::string& text) const;
  // A page that is not empty.
  [[nodiscard]] bool comes_to_show_other_than(const std::string& text) const;
  // The function's body; what it returns.
  nlohmann::json run(const std::string& script) const;

  [[nodiscard]] std::vector<std::string> tabs() const;
  // Opens it and goes there.
  void new_tab();
  void show_tab(const std::string& tab);
  void resize(int width, int height);
  void picture(const std::filesystem::path& png) const;

 private:
  nlohmann::json ask(const std::string& method, const std::string& path, const nlohmann::json& body) const;
  [[nodiscard]] std::string element(const std::string& selector) const;
  [[nodiscard]] bool eventually_shows(const std::function<bool(const std::string&)>& wanted) const;

  int port_;
  std::string session_;  // path of it
};

}  // namespace curfew::browser_test
