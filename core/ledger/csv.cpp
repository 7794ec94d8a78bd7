#include "core/ledger/csv.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

// A leaf is at most 60,000 bytes, a tile in hex 16,386; what is longer is no export.
constexpr std::size_t longest_field = 1 << 20;
constexpr std::size_t most_fields = 64;
constexpr std::size_t buffer_bytes = 1 << 16;
constexpr int end_of_file = -1;

}  // namespace

void append_csv(std::string& line, std::string_view text) {
  if (!line.empty()) line += ',';
  // Quoted always: COPY takes an empty unquoted field for NULL.
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

void append_csv_bytes(std::string& line, std::string_view bytes) {
  if (!line.empty()) line += ',';
  line += "\\x";
  line += base::to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

CsvReader::CsvReader(std::string path, const std::vector<std::string>& columns)
    : path_(std::move(path)), file_(path_, std::ios::binary), buffer_(buffer_bytes) {
  if (!file_) throw Error(ErrorKind::Input, "export: " + path_ + " can't be opened");
  if (!read_record()) refuse("it has no header line");
  for (const std::string& column : columns) {
    const auto found =
        std::find(fields_.begin(), fields_.begin() + static_cast<std::ptrdiff_t>(count_), column);
    if (found == fields_.begin() + static_cast<std::ptrdiff_t>(count_)) refuse("it has no column " + column);
    places_.push_back(static_cast<std::size_t>(found - fields_.begin()));
  }
}

int CsvReader::take() {
  if (position_ == filled_) {
    file_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    filled_ = static_cast<std::size_t>(file_.gcount());
    position_ = 0;
    if (file_.bad()) refuse("it can't be read");
    if (filled_ == 0) return end_of_file;
  }
  return static_cast<unsigned char>(buffer_[position_++]);
}

bool CsvReader::read_record() {
  count_ = 0;
  int c = take();
  if (c == end_of_file) return false;
  for (bool more = true; more;) {
    if (count_ == most_fields) refuse("it has too many fields");
    if (fields_.size() == count_) fields_.emplace_back();
    std::string& field = fields_[count_++];
    field.clear();
    const bool quoted = c == '"';
    if (quoted) c = take();
    for (;; c = take()) {
      if (c == end_of_file && quoted) refuse("it ends inside a quoted field");
      if (quoted && c == '"') {
        c = take();
        if (c != '"') break;
      } else if (!quoted && (c == ',' || c == '\n' || c == '\r' || c == end_of_file)) {
        break;
      }
      if (field.size() == longest_field) refuse("a field is longer than 1 MiB");
      field += static_cast<char>(c);
    }
    if (c == '\r') c = take();
    more = c == ',';
    if (more)
      c = take();
    else if (c != '\n' && c != end_of_file)
      refuse("something follows a closing quote");
  }
  return true;
}

bool CsvReader::next() {
  ++row_;
  const std::size_t columns = count_;
  at_row_ = read_record();
  if (at_row_ && count_ != columns)
    refuse("it has " + std::to_string(count_) + " fields instead of " + std::to_string(columns));
  if (!at_row_) count_ = columns;
  return at_row_;
}

std::string_view CsvReader::text(std::size_t column) const { return fields_[places_[column]]; }

std::int64_t CsvReader::number(std::size_t column) const {
  const std::string_view digits = text(column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    refuse("'" + std::string(digits.substr(0, 40)) + "' is not a number");
  return value;
}

std::uint64_t CsvReader::count(std::size_t column) const {
  const std::int64_t value = number(column);
  if (value < 0) refuse("a number is negative");
  return static_cast<std::uint64_t>(value);
}

std::string CsvReader::bytes(std::size_t column) const {
  const std::string_view field = text(column);
  if (field.empty()) return {};
  auto bytes = field.starts_with("\\x") ? base::from_hex(field.substr(2)) : std::nullopt;
  if (!bytes) refuse("'" + std::string(field.substr(0, 40)) + "' is not bytes in hex");
  return std::move(*bytes);
}

void CsvReader::refuse(const std::string& why) const {
  throw Error(
      ErrorKind::Input,
      "export: " + path_ + (row_ == 0 ? std::string() : ": row " + std::to_string(row_)) + ": " + why);
}

}  // namespace curfew::ledger
