// The text of a notification, with placeholders: "{{name}} is being signed out of {{source}}".
//
//   const NoticeTemplate subject("{{reason}}: {{name}}");      // Error(Configuration) for a placeholder of
//   no meaning const std::string text = subject.render(notice, NoticeTemplate::Escape::Line);
//
// {{kind}} {{realm}} {{sign_out}} {{step}} {{reason}} {{source}} {{session}} {{subject}} {{time}}
// {{deadline}},
// {{name}} (all names of the person, or the reference where there is none) and {{name:NAMESPACE}} (that name,
// or nothing). A single brace is a brace. Threads: values. Owns: its parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/observation.hpp"
#include "core/model/ref.hpp"
#include "core/model/rows.hpp"

namespace curfew::app {

inline constexpr std::string_view sign_out_kind = "sign_out";
inline constexpr std::string_view warning_kind = "warning";

// What a notification is about. Names of people are in it: it lives on the acting side only.
struct Notice {
  std::string kind{sign_out_kind};
  std::string realm;
  model::OrderNumber sign_out = 0;
  std::uint32_t step = 0;
  std::string reason;  // the policy's name or the operator's text
  std::string source;
  model::SessionNumber session = 0;
  model::Ref subject;
  std::vector<model::NamedValue> names;
  Time at{};
  Time deadline{};  // of a warning: when the limit is reached
};

class NoticeTemplate {
 public:
  // Text as it is; one line, for a header; the inside of a JSON string.
  enum class Escape : std::uint8_t { None, Line, Json };

  NoticeTemplate() = default;
  explicit NoticeTemplate(std::string_view text);
  [[nodiscard]] std::string render(const Notice& notice, Escape escape) const;
  [[nodiscard]] bool empty() const { return parts_.empty(); }

 private:
  struct Part {
    bool is_text = true;
    std::string text;        // or the placeholder
    std::string name_space;  // of {{name:…}}
  };
  std::vector<Part> parts_;
};

}  // namespace curfew::app
