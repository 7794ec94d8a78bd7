#include "plugins/files/csv_reader.hpp"

#include <array>
#include <utility>

namespace curfew::files {

void CsvReader::put(char c) {
  if (is_refused_) {
    if (c != '\n') return;
    ++line_;
    begin_ = line_;
    is_refused_ = false;
    return;
  }
  if (++size_ > longest_row) {
    refuse("a row of more than 1 MiB, or a quote that is never closed");
    if (c == '\n') put(c);
    return;
  }
  if (at_ == At::Closing) {
    if (c == '"') {
      field_ += c;
      at_ = At::Quoted;
      return;
    }
    at_ = At::Bare;
  }
  if (at_ == At::Quoted) {
    if (c == '"') {
      at_ = At::Closing;
      return;
    }
    if (c == '\n') ++line_;
    field_ += c;
    return;
  }
  if (c == separator_) {
    end_field();
  } else if (c == '\n') {
    end_row();
    ++line_;
    begin_ = line_;
  } else if (c == '"' && at_ == At::Start) {
    at_ = At::Quoted;
    is_quoted_ = true;
  } else {
    at_ = At::Bare;
    field_ += c;
  }
}

void CsvReader::end_field() {
  if (fields_.size() == most_fields) {
    refuse("a row of more than 1,024 fields");
    return;
  }
  fields_.push_back(std::exchange(field_, {}));
  at_ = At::Start;
  is_quoted_ = false;
}

void CsvReader::end_row() {
  if (field_.ends_with('\r')) field_.pop_back();
  const bool is_empty = fields_.empty() && field_.empty() && !is_quoted_;
  if (!is_empty) end_field();
  if (is_refused_) {  // its end is here
    is_refused_ = false;
    return;
  }
  if (!is_empty) take_(fields_, begin_);
  fields_.clear();
  size_ = 0;
  at_ = At::Start;
  is_quoted_ = false;
}

void CsvReader::refuse(std::string_view why) {
  bad_(begin_, why);
  fields_.clear();
  field_.clear();
  size_ = 0;
  at_ = At::Start;
  is_quoted_ = false;
  is_refused_ = true;
}

void CsvReader::finish() {
  if (at_ == At::Quoted)
    refuse("the file ends within quotes: cut off");
  else if (!is_refused_)
    end_row();
  is_refused_ = false;
}

char separator_of(std::string_view first_line) {
  constexpr std::array<char, 3> separators{',', ';', '\t'};
  std::array<std::size_t, 3> counts{};
  bool is_quoted = false;
  for (const char c : first_line) {
    if (c == '"') is_quoted = !is_quoted;
    for (std::size_t i = 0; i < separators.size(); ++i) {
      if (!is_quoted && c == separators[i]) ++counts[i];
    }
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    if (counts[i] > counts[best]) best = i;
  }
  return counts[best] == 0 ? '\0' : separators[best];
}

}  // namespace curfew::files
