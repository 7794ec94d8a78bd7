#include "core/app/notice_template.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

constexpr std::array<std::string_view, 11> placeholders{"kind",   "realm",  "sign_out", "step",
                                                        "reason", "source", "session",  "subject",
                                                        "name",   "time",   "deadline"};

[[noreturn]] void unknown(std::string_view name) {
  const std::string_view near = base::nearest(name, placeholders);
  std::string known;
  for (const std::string_view word : placeholders) known += (known.empty() ? "" : ", ") + std::string(word);
  throw Error(ErrorKind::Configuration,
              "unknown placeholder '{{" + std::string(name.substr(0, 64)) + "}}'" +
                  (near.empty() ? "; known are " + known + ", name:NAMESPACE"
                                : "; did you mean '{{" + std::string(near) + "}}'?"));
}

std::string names_of(const Notice& notice, const std::string& name_space) {
  std::string all;
  for (const model::NamedValue& name : notice.names) {
    if (!name_space.empty() && name.name_space != name_space) continue;
    if (!name_space.empty()) return name.value;
    all += (all.empty() ? "" : ", ") + name.value;
  }
  return all.empty() && name_space.empty() ? model::to_text(notice.subject) : all;
}

std::string number_of(std::uint64_t number) { return number == 0 ? std::string{} : std::to_string(number); }
std::string time_of(Time time) { return time == Time{} ? std::string{} : base::format_rfc3339(time); }

std::string value_of(const Notice& notice, const std::string& name, const std::string& name_space) {
  if (name == "kind") return notice.kind;
  if (name == "realm") return notice.realm;
  if (name == "sign_out") return number_of(notice.sign_out);
  if (name == "step") return std::to_string(notice.step + 1);
  if (name == "reason") return notice.reason;
  if (name == "source") return notice.source;
  if (name == "session") return number_of(notice.session);
  if (name == "subject") return model::to_text(notice.subject);
  if (name == "time") return time_of(notice.at);
  if (name == "deadline") return time_of(notice.deadline);
  return names_of(notice, name_space);
}

// What came from outside must not begin a new header, or hide what stands before it.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

std::string escaped(const std::string& value, NoticeTemplate::Escape escape) {
  if (escape == NoticeTemplate::Escape::Line) return one_line(value);
  if (escape == NoticeTemplate::Escape::None) return value;
  std::string quoted;
  base::append_json_string(quoted, base::is_clean_utf8(value) ? value : base::to_clean_utf8(value));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

NoticeTemplate::NoticeTemplate(std::string_view text) {
  while (!text.empty()) {
    const std::size_t open = text.find("{{");
    if (open != 0)
      parts_.push_back({.is_text = true, .text = std::string(text.substr(0, open)), .name_space = {}});
    if (open == std::string_view::npos) return;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos)
      throw Error(ErrorKind::Configuration, "a placeholder begins with '{{' and has no '}}'");
    const std::string_view inside = base::trim(text.substr(open + 2, close - open - 2));
    const std::size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    const bool has_namespace = colon != std::string_view::npos;
    if (std::find(placeholders.begin(), placeholders.end(), name) == placeholders.end() ||
        (has_namespace && (name != "name" || colon + 1 == inside.size())))
      unknown(inside);
    parts_.push_back({.is_text = false,
                      .text = std::string(name),
                      .name_space = has_namespace ? std::string(inside.substr(colon + 1)) : std::string{}});
    text.remove_prefix(close + 2);
  }
}

std::string NoticeTemplate::render(const Notice& notice, Escape escape) const {
  std::string out;
  for (const Part& part : parts_)
    out += part.is_text ? part.text : escaped(value_of(notice, part.text, part.name_space), escape);
  return escape == Escape::Line ? one_line(std::move(out)) : out;
}

}  // namespace curfew::app
