#include "core/store/binary_copy.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {
namespace {

// "PGCOPY\n\377\r\n\0", flags, length of the extension: PostgreSQL's documentation of COPY, "Binary Format".
constexpr std::string_view header("PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::size_t piece = std::size_t{128} * 1024;
constexpr std::uint32_t text_type = 25;

static_assert(std::endian::native == std::endian::little);

template <typename Word, typename Swap>
void append_swapped(std::string& out, Word value, Swap swap) {
  const Word swapped = swap(value);
  char bytes[sizeof swapped];
  std::memcpy(bytes, &swapped, sizeof swapped);
  out.append(bytes, sizeof swapped);
}

[[noreturn]] void fail_format(const char* what) {
  throw Error(ErrorKind::Corrupt, std::string("database: a row of COPY is not in its format: ") + what);
}

std::uint32_t take32(std::string_view& text) {
  if (text.size() < 4) fail_format("it ends early");
  std::uint32_t value = 0;
  std::memcpy(&value, text.data(), 4);
  text.remove_prefix(4);
  return __builtin_bswap32(value);
}

}  // namespace

BinaryRows::BinaryRows(std::uint16_t columns, std::function<void(std::string_view)> send)
    : columns_(columns), send_(std::move(send)), buffer_(header) {
  buffer_.reserve(2 * piece);
}

void BinaryRows::put16(std::uint16_t value) {
  append_swapped(buffer_, value, [](std::uint16_t v) { return __builtin_bswap16(v); });
}
void BinaryRows::put32(std::uint32_t value) {
  append_swapped(buffer_, value, [](std::uint32_t v) { return __builtin_bswap32(v); });
}
void BinaryRows::put64(std::uint64_t value) {
  append_swapped(buffer_, value, [](std::uint64_t v) { return __builtin_bswap64(v); });
}

BinaryRows& BinaryRows::begin_row() {
  if (buffer_.size() >= piece) {
    send_(buffer_);
    buffer_.clear();
  }
  put16(columns_);
  return *this;
}
BinaryRows& BinaryRows::int2(std::int16_t value) {
  put32(2);
  put16(static_cast<std::uint16_t>(value));
  return *this;
}
BinaryRows& BinaryRows::int4(std::int32_t value) {
  put32(4);
  put32(static_cast<std::uint32_t>(value));
  return *this;
}
BinaryRows& BinaryRows::int8(std::int64_t value) {
  put32(8);
  put64(static_cast<std::uint64_t>(value));
  return *this;
}
BinaryRows& BinaryRows::truth(bool value) {
  put32(1);
  buffer_ += value ? '\1' : '\0';
  return *this;
}
BinaryRows& BinaryRows::bytes(std::string_view value) {
  put32(static_cast<std::uint32_t>(value.size()));
  buffer_ += value;
  return *this;
}
BinaryRows& BinaryRows::texts(const std::vector<std::string>& values) {
  // array_send: dimensions, has nulls, element type, then length and lower bound of the one dimension.
  std::size_t length = 12 + (values.empty() ? 0 : 8);
  for (const std::string& value : values) length += 4 + value.size();
  put32(static_cast<std::uint32_t>(length));
  put32(values.empty() ? 0 : 1);
  put32(0);
  put32(text_type);
  if (values.empty()) return *this;
  put32(static_cast<std::uint32_t>(values.size()));
  put32(1);
  for (const std::string& value : values) bytes(value);
  return *this;
}
void BinaryRows::finish() {
  put16(0xFFFF);
  send_(buffer_);
  buffer_.clear();
}

CopyIn::CopyIn(ServerConnection& connection, const std::string& sql, std::uint16_t columns)
    : connection_(connection),
      rows_(columns, [&connection](std::string_view data) { connection.copy_in_data(data); }) {
  connection_.copy_in_begin(sql);
}
CopyIn::~CopyIn() {
  if (open_) connection_.copy_in_abandon();
}
void CopyIn::finish() {
  rows_.finish();
  open_ = false;
  connection_.copy_in_end();
}

std::int64_t BinaryRow::number(std::size_t column) const {
  const std::string_view value = fields_[column];
  if (value.size() == 8) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, value.data(), 8);
    return static_cast<std::int64_t>(__builtin_bswap64(bits));
  }
  if (value.empty() || value.size() > 8) fail_format("a number was expected");
  std::uint64_t bits = (static_cast<std::uint8_t>(value[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const char c : value) bits = bits << 8 | static_cast<std::uint8_t>(c);
  return static_cast<std::int64_t>(bits);
}

std::vector<std::string> BinaryRow::texts(std::size_t column) const {
  std::string_view rest = fields_[column];
  const std::uint32_t dimensions = take32(rest);
  take32(rest);
  if (take32(rest) != text_type || dimensions > 1) fail_format("a list of texts was expected");
  std::vector<std::string> values;
  if (dimensions == 0) return values;
  const std::uint32_t count = take32(rest);
  take32(rest);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t length = take32(rest);
    if (length > rest.size()) fail_format("a list's text is longer than the list");
    values.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return values;
}

const BinaryRow* BinaryReader::read(std::string_view message) {
  if (!seen_header_) {
    if (!message.starts_with(header)) fail_format("no header");
    message.remove_prefix(header.size());
    seen_header_ = true;
  }
  if (message.size() < 2) fail_format("it ends early");
  const auto count = static_cast<std::size_t>(static_cast<std::uint8_t>(message[0]) << 8 |
                                              static_cast<std::uint8_t>(message[1]));
  message.remove_prefix(2);
  if (count == 0xFFFF) return nullptr;
  if (count != row_.fields_.size()) fail_format("another number of columns");
  for (std::string_view& field : row_.fields_) {
    const std::uint32_t length = take32(message);
    if (length == 0xFFFFFFFF) {
      field = {};
      continue;
    }
    if (length > message.size()) fail_format("a field is longer than its row");
    field = message.substr(0, length);
    message.remove_prefix(length);
  }
  return &row_;
}

void copy_rows(ServerConnection& connection, const std::string& select, std::size_t columns,
               const std::function<bool(const BinaryRow&)>& take) {
  BinaryReader reader(columns);
  connection.copy_out("COPY (" + select + ") TO STDOUT (FORMAT binary)", [&](std::string_view message) {
    const BinaryRow* row = reader.read(message);
    return row == nullptr || take(*row);
  });
}

}  // namespace curfew::store
