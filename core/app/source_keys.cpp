#include "core/app/source_keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t secret_bytes = 32;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::Configuration, path + ": " + what);
}

// Durable before it is used: a key that is lost in a power cut would make every stored digest meaningless.
void create(const std::string& folder, const std::string& path) {
  std::array<std::uint8_t, secret_bytes> bytes{};
  base::fill_random(bytes);
  const std::string draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(draft, std::string("can't be created: ") + std::strerror(errno));
  const bool written =
      ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (!written) fail(draft, std::string("can't be written: ") + std::strerror(error));
  if (::rename(draft.c_str(), path.c_str()) != 0)
    fail(path, std::string("can't be named: ") + std::strerror(errno));
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    (void)::fsync(directory);
    ::close(directory);
  }
}

std::string to_reference(const std::string& name, connector::Admission& admission,
                         std::vector<model::PersonalValue>& introduced) {
  const std::size_t colon = name.find(':');
  const model::Ref ref = admission.introduce(name.substr(0, colon), name.substr(colon + 1), introduced);
  if (!ref) throw Error(ErrorKind::Configuration, "'" + name + "' is no valid name");
  return "ref:" + model::to_text(ref);
}

}  // namespace

std::string secret_in(const std::string& folder, const std::string& name) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = folder + "/" + name;
  if (!std::filesystem::exists(path)) create(folder, path);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) fail(path, std::string("can't be read: ") + std::strerror(errno));
  struct stat status {};
  std::string secret(secret_bytes + 1, '\0');
  const bool known = ::fstat(file, &status) == 0;
  const ssize_t count = ::read(file, secret.data(), secret.size());
  ::close(file);
  if (!known || (status.st_mode & 077) != 0) fail(path, "others may read this secret; set its mode to 0600");
  if (count != static_cast<ssize_t>(secret_bytes)) fail(path, "must hold exactly 32 bytes");
  secret.resize(secret_bytes);
  return secret;
}

model::Entry plugin_loaded(const std::string& source, const connector::PluginInfo& plugin) {
  model::Entry entry;
  entry.kind = model::EntryKind::PluginLoaded;
  entry.source = source;
  std::string& facts = entry.facts;
  facts = "{\"name\":";
  base::append_json_string(facts, base::to_clean_utf8(plugin.name));
  facts += ",\"version\":";
  base::append_json_string(facts, base::to_clean_utf8(plugin.version));
  facts += ",\"sha256\":";
  base::append_json_string(facts, plugin.sha256);
  facts += '}';
  return entry;
}

std::vector<model::PersonalValue> to_references(model::PolicySet& set, connector::Admission& admission) {
  std::vector<model::PersonalValue> introduced;
  for (model::Policy& policy : set.policies) {
    for (model::Scope* scope : {&policy.scope, &policy.except}) {
      for (std::string& subject : scope->subjects) subject = to_reference(subject, admission, introduced);
    }
  }
  for (std::string& account : set.safety.protected_accounts)
    account = to_reference(account, admission, introduced);
  return introduced;
}

}  // namespace curfew::app
