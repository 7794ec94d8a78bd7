#include "plugins/files/line_reader.hpp"

namespace curfew::files {

void LineReader::take(std::string_view line, std::size_t bytes) {
  ++line_;
  line_begin_ = taken_;
  taken_ += bytes;
  if (skipping_) {
    skipping_ = false;
  } else if (line.size() > longest_) {
    too_long_(line_);
  } else {
    take_(line, line_);
  }
}

void LineReader::bound() {
  if (pending_.size() <= longest_) return;
  if (!skipping_) too_long_(line_ + 1);
  skipping_ = true;
  taken_ += pending_.size();
  pending_.clear();
}

void LineReader::feed(std::string_view bytes) {
  while (true) {
    const auto newline = bytes.find('\n');
    if (newline == std::string_view::npos) break;
    const std::string_view line = bytes.substr(0, newline);
    bytes.remove_prefix(newline + 1);
    if (pending_.empty()) {
      take(line, line.size() + 1);
    } else {
      pending_ += line;
      take(pending_, pending_.size() + 1);
      pending_.clear();
    }
  }
  pending_ += bytes;
  bound();
}

void LineReader::finish() {
  if (!pending_.empty()) take(pending_, pending_.size());
  pending_.clear();
  skipping_ = false;
}

}  // namespace curfew::files
