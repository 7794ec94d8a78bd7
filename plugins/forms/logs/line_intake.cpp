#include "plugins/forms/logs/line_intake.hpp"

#include <algorithm>
#include <utility>

namespace curfew::forms {
namespace {

constexpr std::size_t longest_text = 512;

std::string short_text(std::string_view text) { return files::to_clean_utf8(text.substr(0, longest_text)); }

// Who does something, and from where: Windows' names are the same in any case.
std::string client_of(const Mark& mark) {
  return files::to_lower(mark.user) + '\n' + mark.address + '\n' + mark.user_agent;
}

}  // namespace

LineIntake::LineIntake(const LogReading& reading, Coverage& coverage, std::uint32_t input, Out out,
                       std::string entry)
    : reading_(reading),
      coverage_(coverage),
      input_(input),
      out_(std::move(out)),
      entry_(std::move(entry)),
      parser_(reading.format.parser()),
      keys_(reading.digest) {}

std::string LineIntake::place(std::uint64_t number) const {
  const std::string line = "line " + std::to_string(number);
  return entry_.empty() ? line : entry_ + ": " + line;
}

void LineIntake::unreadable(std::string_view place, std::string_view why) {
  ++counts_.read;
  ++counts_.unreadable;
  coverage_.count_unreadable(input_, place, why);
}

void LineIntake::too_long(std::uint64_t number) { unreadable(place(number), "it is longer than 256 KiB"); }

LineIntake::Counts LineIntake::take_counts() { return std::exchange(counts_, {}); }

void LineIntake::resume(std::string_view head, std::string_view heading,
                        std::optional<std::uint64_t> heading_at) {
  keys_.begin(head);
  heading_at_ = heading_at;
  if (!heading.empty()) parser_->parse(heading, line_, why_);
}

void LineIntake::line(std::string_view bytes, std::uint64_t number, std::uint64_t offset) {
  if (number == 1 && bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  keys_.see(bytes);
  switch (parser_->parse(bytes, line_, why_)) {
    case Verdict::Unreadable:
      unreadable(place(number), why_);
      return;
    case Verdict::Other:
      ++counts_.read;
      ++counts_.filtered;
      coverage_.count_heading(input_);
      if (parser_->is_heading(bytes)) heading_at_ = offset;
      return;
    case Verdict::Line:
      break;
  }
  ++counts_.read;
  newest_ = std::max(newest_, line_.time);
  Judgement judged = reading_.rules.judge(line_);
  coverage_.count(input_, line_.time, judged);
  if (judged.means == Meaning::Ignore) {
    ++counts_.filtered;
    return;
  }
  Mark mark;
  mark.time = line_.time;
  mark.line = number;
  mark.means = judged.means;
  mark.auth_method = judged.auth_method;
  mark.ends_session = judged.ends_session;
  mark.expires_at = judged.expires_at;
  mark.user = short_text(judged.user);
  mark.address = short_text(judged.address);
  mark.user_agent = short_text(line_.user_agent);
  mark.failure = short_text(judged.failure);
  mark.key = keys_.of(bytes);
  if (reading_.window != Duration{} && judged.means != Meaning::SignInFailed)
    mark.session = reading_.digest(client_of(mark));
  if (!judged.session.empty()) {
    mark.session = reading_.digest(judged.session);
    if (reading_.seen) reading_.seen(judged.session, judged.means == Meaning::Refused ? "" : judged.user);
  }
  out_(std::move(mark));
}

}  // namespace curfew::forms
