#include "core/outlet/signing_keys.hpp"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace curfew::outlet {
namespace {

namespace fs = std::filesystem;

constexpr int key_bits = 2048;
constexpr int most_bits = 8192;
constexpr std::size_t most_keys = 16;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::Configuration, path + ": " + what);
}

void require(bool ok, const char* what) {
  if (!ok) throw Error(ErrorKind::Internal, std::string("OpenSSL: ") + what + " failed");
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string number_in(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &number) == 1, "EVP_PKEY_get_bn_param");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return to_base64url(bytes);
}

// Nobody is asked for a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

std::shared_ptr<EVP_PKEY> read_key(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) fail(path, std::string("can't be read: ") + std::strerror(errno));
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
    ::close(file);
    fail(path, "others may read this key; make it a file of mode 0600");
  }
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_fd(file, BIO_CLOSE));
  require(bio != nullptr, "BIO_new_fd");
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    fail(path, "is no RSA private key in PEM without a passphrase");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < key_bits || bits > most_bits)
    fail(path, "has " + std::to_string(bits) + " bits; it needs 2048 to 8192");
  return key;
}

std::string thumbprint_of(const std::string& exponent, const std::string& modulus) {
  const Digest32 digest = base::sha256(R"({"e":")" + exponent + R"(","kty":"RSA","n":")" + modulus + "\"}");
  return to_base64url(base::as_text(digest));
}

}  // namespace

std::string to_base64url(std::string_view bytes) {
  std::string text = base::to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

SigningKeys::SigningKeys(std::string folder, KeyTerms terms, Time now)
    : folder_(std::move(folder)), terms_(terms) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) fail(folder_, "can't be made: " + error.message());
  fs::permissions(folder_, fs::perms::owner_all, error);
  (void)renew(now);
}

std::vector<SigningKeys::Key> SigningKeys::read_all() const {
  std::vector<Key> keys;
  std::error_code error;
  fs::directory_iterator files(folder_, error);
  if (error) fail(folder_, "can't be read: " + error.message());
  for (const fs::directory_entry& file : files) {
    if (file.path().extension() == ".new") continue;  // a making that was cut off
    const std::string path = file.path().string();
    const std::string stem = file.path().stem().string();
    std::int64_t seconds = 0;
    const auto read = std::from_chars(stem.data(), stem.data() + stem.size(), seconds);
    if (file.path().extension() != ".pem" || read.ec != std::errc() ||
        read.ptr != stem.data() + stem.size() || seconds <= 0 || seconds > 253'402'300'799)
      fail(path, "is not called after the time from which it signs, as in 1763856000.pem");
    if (keys.size() == most_keys) fail(folder_, "has more than " + std::to_string(most_keys) + " keys");
    Key& key = keys.emplace_back();
    key.since = Time{std::chrono::seconds(seconds)};
    key.key = read_key(path);
    const std::string modulus = number_in(key.key.get(), OSSL_PKEY_PARAM_RSA_N);
    const std::string exponent = number_in(key.key.get(), OSSL_PKEY_PARAM_RSA_E);
    key.id = thumbprint_of(exponent, modulus);
    key.jwk = R"({"kty":"RSA","use":"sig","alg":"RS256","kid":")" + key.id + R"(","n":")" + modulus +
              R"(","e":")" + exponent + "\"}";
  }
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.since > b.since; });
  return keys;
}

// Durable before it signs: receivers remember what they saw in the key set.
void SigningKeys::make(Time now) const {
  const std::string path = folder_ + "/" + std::to_string(base::to_micros(now) / 1'000'000) + ".pem";
  const std::string draft = path + ".new";
  const auto key = owned(EVP_RSA_gen(key_bits));
  require(key != nullptr, "EVP_RSA_gen");
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) fail(draft, std::string("can't be created: ") + std::strerror(errno));
  bool written = false;
  {
    const std::unique_ptr<BIO, FreeBio> bio(BIO_new_fd(file, BIO_CLOSE));
    written =
        bio &&
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
        BIO_flush(bio.get()) == 1 && ::fsync(file) == 0;
  }
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0)
    fail(draft, std::string("can't be written: ") + std::strerror(errno));
  const int directory = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    (void)::fsync(directory);
    ::close(directory);
  }
}

bool SigningKeys::renew(Time now) {
  const std::lock_guard lock(mutex_);
  std::vector<Key> keys = read_all();
  const bool too_old =
      keys.empty() || (terms_.lifetime > Duration(0) && now >= keys.front().since + terms_.lifetime);
  if (too_old) {
    make(now);
    keys = read_all();
  }
  // One that was followed by another that long ago signed nothing that is still on its way.
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (now < keys[i - 1].since + terms_.overlap) continue;
    std::error_code error;
    fs::remove(folder_ + "/" + std::to_string(base::to_micros(keys[i].since) / 1'000'000) + ".pem", error);
    if (error) fail(folder_, "a key that is over can't be deleted: " + error.message());
    keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(i--));
  }
  const bool is_another = keys_.empty() || keys_.front().id != keys.front().id;
  keys_ = std::move(keys);
  return is_another;
}

std::string SigningKeys::sign(std::string_view type, std::string_view claims) const {
  std::shared_ptr<EVP_PKEY> key;
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    key = keys_.front().key;
    text = to_base64url(R"({"alg":"RS256","kid":")" + keys_.front().id + R"(","typ":")" + std::string(type) +
                        "\"}");
  }
  text += "." + to_base64url(claims);
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  require(context != nullptr, "EVP_MD_CTX_new");
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t length = 0;
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()) == 1,
          "EVP_DigestSign");
  std::string signature(length, '\0');
  require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                         text.size()) == 1,
          "EVP_DigestSign");
  signature.resize(length);
  return text + "." + to_base64url(signature);
}

std::string SigningKeys::key_set() const {
  const std::lock_guard lock(mutex_);
  std::string text = R"({"keys":[)";
  for (const Key& key : keys_) text += (text.back() == '[' ? "" : ",") + key.jwk;
  return text + "]}";
}

}  // namespace curfew::outlet
