#include "core/ledger/leaf.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::ledger {
namespace {

constexpr std::size_t length_bytes = 4;

template <std::size_t Bytes>
std::array<char, Bytes> big_endian(std::uint64_t value) {
  std::array<char, Bytes> out;
  for (std::size_t i = 0; i < Bytes; ++i) out[Bytes - 1 - i] = static_cast<char>(value >> 8 * i & 0xff);
  return out;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

void put(std::string& out, std::string_view field) {
  const auto length = big_endian<length_bytes>(field.size());
  out.append(length.data(), length.size());
  out.append(field);
}

void put_number(std::string& out, std::uint64_t number) {
  const auto bytes = big_endian<8>(number);
  put(out, {bytes.data(), bytes.size()});
}

void put_time(std::string& out, std::int64_t micros) { put_number(out, static_cast<std::uint64_t>(micros)); }

[[noreturn]] void no_leaf(const std::string& why) {
  throw Error(ErrorKind::Corrupt, "ledger: not a leaf: " + why);
}

// Takes fields off the front.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view field(const char* name) {
    if (rest_.size() < length_bytes) no_leaf(std::string(name) + " is cut off");
    const auto length = static_cast<std::size_t>(from_big_endian(rest_.substr(0, length_bytes)));
    rest_.remove_prefix(length_bytes);
    if (length > rest_.size()) no_leaf(std::string(name) + " is longer than the leaf");
    const std::string_view value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return value;
  }
  std::string_view text(const char* name) {
    const std::string_view value = field(name);
    if (!base::is_clean_utf8(value)) no_leaf(std::string(name) + " is not UTF-8 without NUL");
    return value;
  }
  // `length` bytes, not all zero, or nothing.
  std::string_view optional_bytes(const char* name, std::size_t length) {
    const std::string_view value = field(name);
    if (value.empty()) return value;
    if (value.size() != length) no_leaf(std::string(name) + " has a wrong length");
    return value;
  }
  std::string_view number(const char* name) {
    const std::string_view value = field(name);
    if (value.size() != 8) no_leaf(std::string(name) + " is not 8 bytes");
    return value;
  }
  std::int64_t time(const char* name) { return static_cast<std::int64_t>(from_big_endian(number(name))); }
  void end() const {
    if (!rest_.empty()) no_leaf("bytes follow the last field");
  }

 private:
  std::string_view rest_;
};

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

}  // namespace

LeafFields fields_of(const SealedEntry& row, std::array<char, 8>& subject_storage) {
  const model::Entry& entry = row.entry;
  LeafFields fields;
  fields.sequence = row.sequence;
  fields.engine_time = base::to_micros(entry.engine_time);
  fields.occurred_at = base::to_micros(entry.occurred_at);
  fields.recorded_at = base::to_micros(row.recorded_at);
  fields.kind = model::name_of(entry.kind);
  fields.source = entry.source;
  if (entry.session) fields.session = base::as_text(entry.session.bytes);
  if (entry.subject) {
    subject_storage = big_endian<8>(entry.subject.bits);
    fields.subject = {subject_storage.data(), subject_storage.size()};
  }
  fields.facts = entry.facts;
  fields.commitment = row.commitment;
  return fields;
}

LeafEncoder::LeafEncoder(const StreamId& id) {
  const std::string origin = origin_of(id);
  buffer_ += '\0';
  buffer_ += static_cast<char>(leaf_version);
  put(buffer_, id.realm);
  put(buffer_, origin);
  constant_ = buffer_.size();
}

std::string_view LeafEncoder::encode(const LeafFields& fields) {
  buffer_.resize(constant_);
  put_number(buffer_, fields.sequence);
  put_time(buffer_, fields.engine_time);
  if (fields.occurred_at != 0)
    put_time(buffer_, fields.occurred_at);
  else
    put(buffer_, {});
  put_time(buffer_, fields.recorded_at);
  put(buffer_, fields.kind);
  put(buffer_, fields.source);
  put(buffer_, fields.session);
  put(buffer_, fields.subject);
  put(buffer_, fields.facts);
  put(buffer_, fields.commitment);
  if (leaf().size() > model::max_leaf_bytes) {
    throw Error(ErrorKind::Input, "ledger: entry " + std::to_string(fields.sequence) + " (" +
                                      std::string(fields.kind.substr(0, 64)) + ") makes a leaf of " +
                                      std::to_string(leaf().size()) + " bytes; at most " +
                                      std::to_string(model::max_leaf_bytes) + " are allowed");
  }
  return leaf();
}

Digest32 LeafEncoder::hash(const LeafFields& fields) {
  encode(fields);
  return hash_.update(std::string_view(buffer_)).finish();
}

std::size_t leaf_size(const StreamId& id, const model::Entry& entry) {
  constexpr std::size_t fields = 12;
  constexpr std::size_t numbers = 3 * 8;  // sequence, engine time, recorded-at
  return 1 + fields * length_bytes + numbers + id.realm.size() + origin_of(id).size() +
         (entry.occurred_at == Time{} ? 0 : 8) + model::name_of(entry.kind).size() + entry.source.size() +
         (entry.session ? entry.session.bytes.size() : 0) + (entry.subject ? 8 : 0) + entry.facts.size() +
         (entry.personal.empty() ? 0 : commitment_bytes);
}

std::string leaf_bytes(const SealedEntry& row, const StreamId& stream) {
  std::array<char, 8> subject;
  LeafEncoder encoder(stream);
  return std::string(encoder.encode(fields_of(row, subject)));
}

LeafFields decode_leaf(std::string_view leaf) {
  if (leaf.empty()) no_leaf("it is empty");
  if (leaf.size() > model::max_leaf_bytes) no_leaf("it is too long");
  if (static_cast<std::uint8_t>(leaf.front()) != leaf_version)
    no_leaf("its version is " + std::to_string(static_cast<std::uint8_t>(leaf.front())));
  Reader reader(leaf.substr(1));
  LeafFields fields;
  fields.realm = reader.text("realm");
  fields.stream = reader.text("stream");
  const auto id = parse_origin(fields.stream);
  if (!id || id->realm != fields.realm) no_leaf("the stream is not one of the realm");
  fields.sequence = from_big_endian(reader.number("sequence"));
  fields.engine_time = reader.time("engine time");
  const std::string_view occurred = reader.optional_bytes("occurred-at", 8);
  fields.occurred_at = static_cast<std::int64_t>(from_big_endian(occurred));
  if (!occurred.empty() && fields.occurred_at == 0) no_leaf("occurred-at is zero instead of absent");
  fields.recorded_at = reader.time("recorded-at");
  fields.kind = reader.text("kind");
  if (fields.kind.empty()) no_leaf("it has no kind");
  fields.source = reader.text("source");
  fields.session = reader.optional_bytes("session", 16);
  if (!fields.session.empty() && all_zero(fields.session)) no_leaf("session is zero instead of absent");
  fields.subject = reader.optional_bytes("subject", 8);
  if (!fields.subject.empty() && all_zero(fields.subject)) no_leaf("subject is zero instead of absent");
  fields.facts = reader.text("facts");
  fields.commitment = reader.optional_bytes("commitment", commitment_bytes);
  reader.end();
  return fields;
}

Digest32 commitment_of(std::string_view salt, std::string_view personal) {
  if (salt.size() != salt_bytes)
    throw Error(ErrorKind::Internal, "ledger: a salt has 16 bytes, not " + std::to_string(salt.size()));
  thread_local base::Sha256 hash;
  return hash.update(salt).update(personal).finish();
}

}  // namespace curfew::ledger
