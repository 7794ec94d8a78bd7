// The bytes of a snapshot: varints, fixed digests, length-prefixed texts. Compact, and the same on every
// machine.
//
//   StateWriter w(put); w.number(7); w.text("crm"); w.finish();
//   StateReader r(bytes); r.number() == 7
//
// Threads: a value. Owns: the writer's chunk; the reader only views. Fails: the reader throws Error(Corrupt)
// when the bytes end early or don't make sense; it never allocates by a stored size alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

class StateWriter {
 public:
  explicit StateWriter(const std::function<void(std::string_view)>& put) : put_(put) {
    chunk_.reserve(chunk_size + 256);
  }
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      chunk_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    chunk_ += static_cast<char>(value);
    if (chunk_.size() >= chunk_size) finish();
  }
  template <typename E>
  requires std::is_enum_v<E>
  void name(E value) { number(static_cast<std::uint64_t>(value)); }
  void flag(bool value) { number(value ? 1 : 0); }
  void signed_number(std::int64_t value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void time(Time value) { signed_number(base::to_micros(value)); }
  void duration(Duration value) { signed_number(value.count()); }
  void ref(Ref value) {
    for (int shift = 56; shift >= 0; shift -= 8) chunk_ += static_cast<char>(value.bits >> shift & 0xff);
  }
  void digest(const SessionDigest& value) { chunk_.append(base::as_text(value.bytes)); }
  void text(std::string_view value) {
    number(value.size());
    chunk_ += value;
  }
  void finish() {
    if (!chunk_.empty()) put_(chunk_);
    chunk_.clear();
  }

 private:
  static constexpr std::size_t chunk_size = std::size_t{1} << 20;
  const std::function<void(std::string_view)>& put_;
  std::string chunk_;
};

class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    broken("a number without end");
  }
  template <typename N>
  N number_as() {
    const std::uint64_t value = number();
    if (!std::in_range<N>(value)) broken("a number out of range");
    return static_cast<N>(value);
  }
  template <typename E>
  E name() {
    const std::uint64_t value = number();
    std::size_t known = 256;
    if constexpr (requires { Names<E>::all.size(); }) known = Names<E>::all.size();
    if (value >= known) broken("an unknown name");
    return static_cast<E>(value);
  }
  // A size of something whose items take at least one byte each.
  std::size_t count() {
    const std::uint64_t value = number();
    if (value > rest_.size()) broken("a list longer than the snapshot");
    return static_cast<std::size_t>(value);
  }
  bool flag() { return number() != 0; }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  Time time() { return base::from_micros(signed_number()); }
  Duration duration() { return Duration{signed_number()}; }
  Ref ref() {
    Ref value;
    for (const char c : take(8)) value.bits = value.bits << 8 | static_cast<unsigned char>(c);
    return value;
  }
  SessionDigest digest() {
    SessionDigest value;
    const std::string_view bytes = take(value.bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) value.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
    return value;
  }
  std::string text() { return std::string(take(count())); }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[noreturn]] void broken(const std::string& what) const {
    throw Error(ErrorKind::Corrupt, "snapshot: " + what + " at byte " + std::to_string(size_ - rest_.size()) +
                                        "; start from the ledger instead");
  }

 private:
  std::string_view take(std::size_t length) {
    if (length > rest_.size()) broken("ends early");
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  std::string_view rest_;
  std::size_t size_;
};

}  // namespace curfew::model
