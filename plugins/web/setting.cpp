#include "plugins/web/setting.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

namespace curfew::web {

std::string Setting::text(const std::string& key) const {
  std::string value = text(key, "");
  if (value.empty()) invalid(at(key) + " is missing");
  return value;
}

std::string Setting::text(const std::string& key, const std::string& fallback) const {
  const auto found = value_.find(key);
  if (found == value_.end()) return fallback;
  if (!found->is_string()) invalid(at(key) + " must be text");
  return found->get<std::string>();
}

int Setting::number(const std::string& key, int fallback) const {
  const auto found = value_.find(key);
  if (found == value_.end()) return fallback;
  if (!found->is_number_integer()) invalid(at(key) + " must be a whole number");
  return found->get<int>();
}

bool Setting::flag(const std::string& key, bool fallback) const {
  const auto found = value_.find(key);
  if (found == value_.end()) return fallback;
  if (!found->is_boolean()) invalid(at(key) + " must be true or false");
  return found->get<bool>();
}

plugin::Duration Setting::duration(const std::string& key, plugin::Duration fallback) const {
  if (!has(key)) return fallback;
  constexpr std::int64_t most = 24 * 3600;
  const std::string value = text(key);
  std::int64_t count = -1;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), count);
  const std::string_view unit(read.ptr, value.data() + value.size());
  if (read.ec == std::errc() && count >= 0 && count <= most) {
    if (unit == "ms") return std::chrono::milliseconds(count);
    if (unit == "s") return std::chrono::seconds(count);
    if (unit == "m") return std::chrono::minutes(count);
    if (unit == "h") return std::chrono::hours(count);
  }
  invalid(at(key) + " must be a duration such as 250ms, 5s or 10m, not '" + value + "'");
}

std::map<std::string, std::string> Setting::texts(const std::string& key) const {
  std::map<std::string, std::string> all;
  const auto found = value_.find(key);
  if (found == value_.end()) return all;
  if (!found->is_object()) invalid(at(key) + " must be a mapping");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) invalid(at(key) + "." + name + " must be text");
    all[name] = value.get<std::string>();
  }
  return all;
}

TlsFiles Setting::tls_files() const {
  TlsFiles files{
      .ca = text("ca_file", ""), .certificate = text("certificate_file", ""), .key = text("key_file", "")};
  if (files.certificate.empty() != files.key.empty())
    invalid(at(files.key.empty() ? "key_file" : "certificate_file") +
            " is missing: a certificate needs its key, and a key its certificate");
  const auto check = [&](const char* key, const std::string& path) {
    if (!path.empty() && !std::ifstream(path).is_open())
      invalid(at(key) + ": " + path + " can't be read; check the path and its permissions");
  };
  check("ca_file", files.ca);
  check("certificate_file", files.certificate);
  check("key_file", files.key);
  return files;
}

std::optional<Setting> Setting::inner(const std::string& key) const {
  const auto found = value_.find(key);
  if (found == value_.end()) return std::nullopt;
  return Setting(*found, at(key));
}

void Setting::only(const std::vector<std::string_view>& known) const {
  for (const auto& [key, value] : value_.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      invalid(at(key) + " means nothing here; what can be said: " + [&] {
        std::string all;
        for (const std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string(name);
        return all;
      }());
  }
}

}  // namespace curfew::web
