#include "core/app/gate_key_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

constexpr const char* remedy = "; it is left aside, and the issuer is asked as at a first start";

class File {
 public:
  File(const std::string& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

// All of it, or what is one byte too much.
bool read_all(int file, std::size_t most, std::string& text) {
  text.resize(most + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return true;
}

std::string digest_of(std::string_view rules) { return base::to_hex(base::sha256(rules)); }

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::string GateKeyFiles::path_of(std::string_view source) const {
  return folder_ + "/" + std::string(source) + ".json";
}

void GateKeyFiles::keep(std::string_view source, std::string_view rules, std::string_view jwks,
                        Time now) const {
  const std::string text =
      json{{"rules", digest_of(rules)}, {"kept_at", base::format_rfc3339(now)}, {"jwks", jwks}}.dump(
          -1, ' ', false, json::error_handler_t::replace);
  const std::string path = path_of(source), draft = path + ".new";
  std::error_code failure;
  std::filesystem::create_directories(folder_, failure);
  if (failure) throw Error(ErrorKind::Unavailable, folder_ + ": can't be made: " + failure.message());
  {
    const File file(draft, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open() || !write_all(file.get(), text))
      throw Error(ErrorKind::Unavailable,
                  draft + ": the issuer's keys can't be kept for the next start: " + std::strerror(errno));
  }
  std::filesystem::rename(draft, path, failure);
  if (failure) throw Error(ErrorKind::Unavailable, path + ": " + failure.message());
}

KeptKeys GateKeyFiles::find(std::string_view source, std::string_view rules, Time now) const {
  KeptKeys out;
  const std::string path = path_of(source);
  const File file(path, O_RDONLY);
  if (!file.is_open()) {
    if (errno != ENOENT) out.why = path + ": can't be read: " + std::strerror(errno) + remedy;
    return out;
  }
  struct stat status {};
  // Who may write it could sign as the issuer.
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 022) != 0 ||
      status.st_uid != ::geteuid()) {
    out.why = path + ": others may write it, or it is not ours" + remedy;
    return out;
  }
  std::string text;
  if (!read_all(file.get(), 2 * most_bytes, text) || text.size() > 2 * most_bytes) {
    out.why = path + ": can't be read, or has more than 2 MiB" + remedy;
    return out;
  }
  const json all = json::parse(text, nullptr, false);
  const auto kept_at = all.is_object() ? base::parse_rfc3339(text_in(all, "kept_at")) : std::nullopt;
  const std::string jwks = all.is_object() ? text_in(all, "jwks") : std::string{};
  if (!kept_at || jwks.empty()) {
    out.why = path + ": is damaged" + remedy;
    return out;
  }
  if (text_in(all, "rules") != digest_of(rules)) {
    out.why = path + ": was kept with other rules: the source's configuration was changed" + remedy;
    return out;
  }
  if (now - *kept_at > longest_kept || *kept_at > now + std::chrono::minutes(5)) {
    out.why = path + ": was kept at " + base::format_rfc3339(*kept_at) +
              ", which is not of the last 24 hours" + remedy;
    return out;
  }
  out.kept_at = *kept_at;
  out.jwks = jwks;
  return out;
}

}  // namespace curfew::app
