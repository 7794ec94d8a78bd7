// C2SP signed notes (Ed25519) and the checkpoints in them, as Go's golang.org/x/mod/sumdb/note reads and
// writes them.
//
//   SigningKey key = SigningKey::generate("curfew/main/a/1");
//   std::string signed_note = sign_note(format_checkpoint({origin, size, root}), {&key, 1});
//   OpenedNote opened = open_note(signed_note, {&verifier, 1});      // throws unless a known key signed it
//   Checkpoint checkpoint = parse_checkpoint(opened.text);
//
// Threads: values; signing and verifying may happen from any thread. Owns: a SigningKey its secret, wiped
// when it goes. Fails: Error(Input) for a note that is malformed or that no known key signed;
// Error(Configuration) for keys.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"

namespace curfew::ledger {

// A public key with its name: "name+530d903a+base64(0x01 ‖ key)".
class VerifierKey {
 public:
  static VerifierKey parse(std::string_view text);
  VerifierKey(std::string name, const Digest32& public_key);

  [[nodiscard]] const std::string& name() const { return name_; }
  // The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key): says which key signed, proves nothing.
  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;
  friend bool operator==(const VerifierKey& a, const VerifierKey& b) {
    return a.name_ == b.name_ && a.public_key_ == b.public_key_;
  }

 private:
  std::string name_;
  Digest32 public_key_;
  std::uint32_t id_;
  std::shared_ptr<const void> handle_;  // OpenSSL's form of the key, made once
};

class SigningKey {
 public:
  static SigningKey generate(std::string name);
  // "PRIVATE+KEY+name+530d903a+base64(0x01 ‖ seed)".
  static SigningKey parse(std::string_view text);
  static SigningKey from_seed(std::string name, const Digest32& seed);

  [[nodiscard]] const VerifierKey& verifier() const { return verifier_; }
  [[nodiscard]] std::string secret_text() const;
  [[nodiscard]] std::string sign(std::string_view message) const;  // 64 bytes

 private:
  SigningKey(VerifierKey verifier, std::shared_ptr<const Digest32> seed, std::shared_ptr<const void> handle)
      : verifier_(std::move(verifier)), seed_(std::move(seed)), handle_(std::move(handle)) {}
  VerifierKey verifier_;
  std::shared_ptr<const Digest32> seed_;
  std::shared_ptr<const void> handle_;
};

// The key in a file of one line, mode 0600. Creating refuses to replace a file, and is durable when it
// returns. Loading refuses a file that others can read or that belongs to another user, and a key that isn't
// called `name`.
SigningKey create_key_file(const std::string& path, const std::string& name);
[[nodiscard]] SigningKey load_key_file(const std::string& path, const std::string& name);

struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;
  std::string signature;
};
struct ParsedNote {
  std::string text;  // ends with a line feed; this is what is signed
  std::vector<NoteSignature> signatures;
};
// The note's parts, nothing verified.
[[nodiscard]] ParsedNote parse_note(std::string_view note);

struct OpenedNote {
  std::string text;
  std::vector<std::string> verified;  // names of the known keys that signed, each once
  std::size_t unknown = 0;            // signatures of keys that we don't know
};
// Throws when the note is malformed, when a known key's signature is wrong, or when no known key signed it.
[[nodiscard]] OpenedNote open_note(std::string_view note, std::span<const VerifierKey> known);

// `text` ends with a line feed. The signatures stand in the order of the keys: a rotation signs with the old
// and the new key.
[[nodiscard]] std::string sign_note(std::string_view text, std::span<const SigningKey> keys);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest32 root{};
  std::vector<std::string> extensions;  // lines behind the root; we write none
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};
[[nodiscard]] std::string format_checkpoint(const Checkpoint& checkpoint);
[[nodiscard]] Checkpoint parse_checkpoint(std::string_view text);

}  // namespace curfew::ledger
