#include "plugins/forms/logs/line_keys.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/files/text.hpp"

namespace curfew::forms {
namespace {

constexpr std::size_t most_seen = 8192;
constexpr std::size_t telling = 1024;  // bytes of the line that tells the file

}  // namespace

void LineKeys::see(std::string_view line) {
  if (!file_.empty() || line.starts_with('#')) return;
  file_ = files::trim(line).substr(0, telling);
}

void LineKeys::begin(std::string_view head) {
  while (file_.empty() && !head.empty()) {
    const auto end = std::min(head.find('\n'), head.size());
    see(head.substr(0, end));
    head.remove_prefix(std::min(end + 1, head.size()));
  }
}

plugin::SessionDigest LineKeys::of(std::string_view line) {
  text_ = file_;
  text_ += '\n';
  text_ += line;
  const plugin::SessionDigest first = digest_(text_);
  Bytes bytes{};
  std::copy(std::begin(first.bytes), std::end(first.bytes), bytes.begin());
  if (seen_.size() >= most_seen) {
    seen_before_ = std::exchange(seen_, {});
  }
  auto [at, is_new] = seen_.try_emplace(bytes, 0);
  if (is_new) {
    if (const auto before = seen_before_.find(bytes); before != seen_before_.end())
      at->second = before->second;
  }
  const std::uint32_t number = ++at->second;
  if (number == 1) return first;
  text_ += '\n';
  text_ += std::to_string(number);
  return digest_(text_);
}

}  // namespace curfew::forms
