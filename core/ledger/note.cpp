#include "core/ledger/note.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {
namespace {

constexpr std::size_t longest_note = 64 * 1024;
constexpr std::size_t most_signatures = 64;
constexpr std::size_t key_id_bytes = 4;
constexpr std::string_view signature_start = "\u2014 ";  // em dash, blank

[[noreturn]] void malformed(const std::string& why) { throw Error(ErrorKind::Input, "signed note: " + why); }

void require_note_text(std::string_view text) {
  if (text.size() > longest_note) malformed("longer than 64 KiB");
  if (!base::is_clean_utf8(text)) malformed("not UTF-8");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') malformed("has control characters");
  }
}

std::string key_id_text(std::uint32_t id) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(id >> shift & 0xff);
  return bytes;
}

NoteSignature parse_signature(std::string_view line) {
  if (!line.starts_with(signature_start)) malformed("a signature line doesn't start with an em dash");
  line.remove_prefix(signature_start.size());
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0) malformed("a signature line names no key");
  NoteSignature out;
  out.name = line.substr(0, blank);
  if (out.name.find('+') != std::string::npos) malformed("a key's name has a '+'");
  const auto bytes = base::from_base64(line.substr(blank + 1));
  if (!bytes || bytes->size() <= key_id_bytes) malformed("a signature is not base64 of key id and signature");
  for (std::size_t i = 0; i < key_id_bytes; ++i)
    out.id = out.id << 8 | static_cast<std::uint8_t>((*bytes)[i]);
  out.signature = bytes->substr(key_id_bytes);
  return out;
}

std::string_view take_line(std::string_view& text, const char* what) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || end == 0)
    throw Error(ErrorKind::Input, std::string("checkpoint: it has no ") + what);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

ParsedNote parse_note(std::string_view note) {
  require_note_text(note);
  const auto split = note.rfind("\n\n");
  if (split == std::string_view::npos) malformed("no blank line before the signatures");
  ParsedNote out;
  out.text = note.substr(0, split + 1);
  std::string_view lines = note.substr(split + 2);
  if (lines.empty() || lines.back() != '\n') malformed("it has no signature, or its last line is cut off");
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    if (out.signatures.size() == most_signatures) malformed("more than 64 signatures");
    out.signatures.push_back(parse_signature(lines.substr(0, end)));
    lines.remove_prefix(end + 1);
  }
  return out;
}

OpenedNote open_note(std::string_view note, std::span<const VerifierKey> known) {
  ParsedNote parsed = parse_note(note);
  OpenedNote out;
  for (const NoteSignature& signature : parsed.signatures) {
    const auto key = std::find_if(known.begin(), known.end(), [&](const VerifierKey& k) {
      return k.id() == signature.id && k.name() == signature.name;
    });
    if (key == known.end()) {
      ++out.unknown;
      continue;
    }
    if (!key->verify(parsed.text, signature.signature))
      malformed("the signature of " + key->name() + " is wrong: the text or the signature was changed");
    if (std::find(out.verified.begin(), out.verified.end(), key->name()) == out.verified.end())
      out.verified.push_back(key->name());
  }
  if (out.verified.empty()) malformed("no key that we know signed it");
  out.text = std::move(parsed.text);
  return out;
}

std::string sign_note(std::string_view text, std::span<const SigningKey> keys) {
  require_note_text(text);
  if (text.empty() || text.back() != '\n') malformed("the text to sign doesn't end with a line feed");
  if (keys.empty()) throw Error(ErrorKind::Internal, "signed note: no key to sign with");
  std::string note(text);
  note += '\n';
  for (const SigningKey& key : keys) {
    note += signature_start;
    note += key.verifier().name();
    note += ' ';
    note += base::to_base64(key_id_text(key.verifier().id()) + key.sign(text));
    note += '\n';
  }
  return note;
}

std::string format_checkpoint(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + '\n' + std::to_string(checkpoint.size) + '\n' +
                     base::to_base64(base::as_text(checkpoint.root)) + '\n';
  for (const std::string& line : checkpoint.extensions) text += line + '\n';
  return text;
}

Checkpoint parse_checkpoint(std::string_view text) {
  Checkpoint out;
  out.origin = take_line(text, "origin");
  const std::string_view digits = take_line(text, "size");
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.size);
  if (error != std::errc{} || end != digits.data() + digits.size() || std::to_string(out.size) != digits)
    throw Error(ErrorKind::Input, "checkpoint: its second line is not a decimal size");
  const auto root = base::from_base64(take_line(text, "root"));
  if (!root || root->size() != hash_bytes)
    throw Error(ErrorKind::Input, "checkpoint: its third line is not the base64 of a hash");
  out.root = digest_from_bytes(*root);
  while (!text.empty()) out.extensions.emplace_back(take_line(text, "text in an extension line"));
  return out;
}

}  // namespace curfew::ledger
