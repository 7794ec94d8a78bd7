// Reads a mapping of a source's settings: typed, with the setting's name in each error.
//
//   const Setting store(json, "store");               // the whole of the settings: ""
//   std::string host = store.text("host", "");
//
// Threads: values. Owns: the JSON. Fails: plugin::Failure(Invalid).
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::web {

[[noreturn]] inline void invalid(const std::string& text) {
  throw plugin::Failure(plugin::Code::Invalid, "settings: " + text);
}

// Paths of PEM files; empty: none.
struct TlsFiles {
  std::string ca;  // trusted in place of the system's
  std::string certificate;
  std::string key;
};

class Setting {
 public:
  Setting(nlohmann::json value, std::string path) : value_(std::move(value)), path_(std::move(path)) {
    if (!value_.is_object()) invalid((path_.empty() ? "they" : path_) + " must be a mapping");
  }

  [[nodiscard]] bool has(const std::string& key) const { return value_.contains(key); }
  [[nodiscard]] std::string at(const std::string& key) const {
    return path_.empty() ? key : path_ + "." + key;
  }
  // Required, and not empty.
  [[nodiscard]] std::string text(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key, const std::string& fallback) const;
  [[nodiscard]] int number(const std::string& key, int fallback) const;
  [[nodiscard]] bool flag(const std::string& key, bool fallback) const;
  // "250ms", "5s", "10m", "1h"
  [[nodiscard]] plugin::Duration duration(const std::string& key, plugin::Duration fallback) const;
  [[nodiscard]] std::map<std::string, std::string> texts(const std::string& key) const;
  // ca_file, certificate_file, key_file: there, and readable.
  [[nodiscard]] TlsFiles tls_files() const;
  [[nodiscard]] std::optional<Setting> inner(const std::string& key) const;
  [[nodiscard]] const nlohmann::json& json() const { return value_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // What a kind of store doesn't know is a mistake.
  void only(const std::vector<std::string_view>& known) const;

 private:
  nlohmann::json value_;
  std::string path_;
};

}  // namespace curfew::web
