#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {
namespace {

constexpr char ed25519_type = 0x01;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t longest_name = 256;
constexpr std::string_view secret_start = "PRIVATE+KEY+";

[[noreturn]] void bad_key(const std::string& why) {
  throw Error(ErrorKind::Configuration, "ledger key: " + why);
}

void require(bool ok, const char* what) {
  if (!ok) throw Error(ErrorKind::Internal, std::string("OpenSSL: ") + what + " failed");
}

void check_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name || !base::is_clean_utf8(name))
    bad_key("it has no usable name");
  for (const char c : name) {
    // Unicode's spaces beyond ASCII would be refused by Go's reader; our own names are ASCII.
    if (static_cast<unsigned char>(c) <= 0x20 || c == '+' || c == 0x7f)
      bad_key("its name '" + std::string(name) + "' has a blank, a control character or a '+'");
  }
}

std::string typed(const Digest32& key) {
  std::string bytes(1, ed25519_type);
  bytes += base::as_text(key);
  return bytes;
}

std::uint32_t key_id(const std::string& name, const Digest32& public_key) {
  const Digest32 digest = base::sha256(name + '\n' + typed(public_key));
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) id = id << 8 | digest[i];
  return id;
}

std::string hex_id(std::uint32_t id) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", id);
  return text;
}

std::shared_ptr<const void> owned(EVP_PKEY* key, const char* what) {
  require(key != nullptr, what);
  return {key, [](const void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(const_cast<void*>(p))); }};
}

EVP_PKEY* pkey(const std::shared_ptr<const void>& handle) {
  return static_cast<EVP_PKEY*>(const_cast<void*>(handle.get()));
}

struct Md {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Md() { require(context != nullptr, "EVP_MD_CTX_new"); }
  ~Md() { EVP_MD_CTX_free(context); }
  Md(const Md&) = delete;
  Md& operator=(const Md&) = delete;
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct KeyText {
  std::string name;
  std::uint32_t id = 0;
  Digest32 key{};
};

KeyText parse_key_text(std::string_view text) {
  const auto first = text.find('+');
  const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) bad_key("its text is not name+id+key");
  KeyText out;
  out.name = text.substr(0, first);
  check_name(out.name);
  const std::string_view hex = text.substr(first + 1, second - first - 1);
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), out.id, 16);
  if (hex.size() != 8 || error != std::errc{} || end != hex.data() + hex.size())
    bad_key("the id of '" + out.name + "' is not 8 hex digits");
  const auto bytes = base::from_base64(text.substr(second + 1));
  if (!bytes || bytes->size() != 1 + hash_bytes || bytes->front() != ed25519_type)
    bad_key("the key of '" + out.name + "' is not the base64 of an Ed25519 key");
  out.key = digest_from_bytes(std::string_view(*bytes).substr(1));
  return out;
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void file_failed(const std::string& path, const char* what) {
  throw Error(ErrorKind::Configuration, "ledger key " + path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

VerifierKey::VerifierKey(std::string name, const Digest32& public_key)
    : name_(std::move(name)), public_key_(public_key), id_(0) {
  check_name(name_);
  id_ = key_id(name_, public_key_);
  handle_ = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key_.data(), hash_bytes),
                  "EVP_PKEY_new_raw_public_key");
}

VerifierKey VerifierKey::parse(std::string_view text) {
  KeyText parts = parse_key_text(base::trim(text));
  VerifierKey key(std::move(parts.name), parts.key);
  if (key.id() != parts.id)
    bad_key("the id of '" + key.name() + "' doesn't belong to its key: a typing error?");
  return key;
}

std::string VerifierKey::text() const {
  return name_ + '+' + hex_id(id_) + '+' + base::to_base64(typed(public_key_));
}

bool VerifierKey::verify(std::string_view message, std::string_view signature) const {
  if (signature.size() != signature_bytes) return false;
  const Md md;
  require(EVP_DigestVerifyInit(md.context, nullptr, nullptr, nullptr, pkey(handle_)) == 1,
          "EVP_DigestVerifyInit");
  return EVP_DigestVerify(md.context, bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

SigningKey SigningKey::from_seed(std::string name, const Digest32& seed) {
  auto handle = owned(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                      "EVP_PKEY_new_raw_private_key");
  Digest32 public_key;
  std::size_t length = public_key.size();
  require(EVP_PKEY_get_raw_public_key(pkey(handle), public_key.data(), &length) == 1 && length == hash_bytes,
          "EVP_PKEY_get_raw_public_key");
  const std::shared_ptr<const Digest32> kept(new Digest32(seed), [](const Digest32* p) {
    OPENSSL_cleanse(const_cast<std::uint8_t*>(p->data()), p->size());
    delete p;
  });
  return {VerifierKey(std::move(name), public_key), kept, std::move(handle)};
}

SigningKey SigningKey::generate(std::string name) {
  Digest32 seed;
  base::fill_random(seed);
  SigningKey key = from_seed(std::move(name), seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  return key;
}

SigningKey SigningKey::parse(std::string_view text) {
  text = base::trim(text);
  if (!text.starts_with(secret_start)) bad_key("its text doesn't start with PRIVATE+KEY+");
  KeyText parts = parse_key_text(text.substr(secret_start.size()));
  SigningKey key = from_seed(std::move(parts.name), parts.key);
  OPENSSL_cleanse(parts.key.data(), parts.key.size());
  if (key.verifier().id() != parts.id)
    bad_key("the id of '" + key.verifier().name() + "' doesn't belong to its key");
  return key;
}

std::string SigningKey::secret_text() const {
  return std::string(secret_start) + verifier_.name() + '+' + hex_id(verifier_.id()) + '+' +
         base::to_base64(typed(*seed_));
}

std::string SigningKey::sign(std::string_view message) const {
  const Md md;
  require(EVP_DigestSignInit(md.context, nullptr, nullptr, nullptr, pkey(handle_)) == 1,
          "EVP_DigestSignInit");
  std::string signature(signature_bytes, '\0');
  std::size_t length = signature.size();
  require(EVP_DigestSign(md.context, reinterpret_cast<unsigned char*>(signature.data()), &length,
                         bytes_of(message), message.size()) == 1 &&
              length == signature_bytes,
          "EVP_DigestSign");
  return signature;
}

SigningKey create_key_file(const std::string& path, const std::string& name) {
  SigningKey key = SigningKey::generate(name);
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) file_failed(path, "can't be created");
  std::string line = key.secret_text() + '\n';
  const auto written = ::write(file.get(), line.data(), line.size());
  const bool ok = written == static_cast<ssize_t>(line.size()) && ::fsync(file.get()) == 0;
  OPENSSL_cleanse(line.data(), line.size());
  if (!ok) {
    const int why = errno;
    ::unlink(path.c_str());
    errno = why;
    file_failed(path, "can't be written");
  }
  // The name must survive a power cut too: a key lost is a stream lost.
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) file_failed(path, "its folder can't be synced");
  return key;
}

SigningKey load_key_file(const std::string& path, const std::string& name) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) file_failed(path, "can't be opened");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) file_failed(path, "can't be looked at");
  if (!S_ISREG(status.st_mode)) bad_key(path + " is not a file");
  if ((status.st_mode & 077) != 0)
    bad_key(path + " can be read by others: chmod 600, and think about who may have read it");
  if (status.st_uid != ::geteuid() && ::geteuid() != 0)
    bad_key(path + " belongs to another user: make it this one's with chown");
  char buffer[1024];
  const auto length = ::read(file.get(), buffer, sizeof buffer);
  if (length < 0) file_failed(path, "can't be read");
  if (static_cast<std::size_t>(length) == sizeof buffer) bad_key(path + " is too long for a key");
  try {
    SigningKey key = SigningKey::parse({buffer, static_cast<std::size_t>(length)});
    OPENSSL_cleanse(buffer, sizeof buffer);
    if (key.verifier().name() != name)
      bad_key("it is the key of '" + key.verifier().name() + "', not of '" + name + "'");
    return key;
  } catch (const Error& error) {
    OPENSSL_cleanse(buffer, sizeof buffer);
    throw Error(error.kind(), path + ": " + error.what());
  }
}

}  // namespace curfew::ledger
