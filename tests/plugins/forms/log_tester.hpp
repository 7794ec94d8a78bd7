// What the tests of access logs share: parsing one line, and auditing a whole log with given settings.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "curfew/plugin/digest.hpp"
#include "plugins/forms/logs/line_parser.hpp"
#include "plugins/forms/logs/recorded.hpp"
#include "plugins/forms/settings.hpp"

namespace curfew::forms {

inline plugin::SessionDigest test_digest(std::string_view text) {
  static const plugin::KeyedDigest digest("0123456789abcdef0123456789abcdef");
  return digest(text);
}

inline files::Time at(const char* text) {
  const auto time = files::parse_time(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(files::Time{});
}

class OneLine {
 public:
  explicit OneLine(const FormatSettings& settings)
      : format_(make_format(settings)), parser_(format_->parser()) {}
  Verdict parse(std::string text) {
    text_ = std::move(text);
    return parser_->parse(text_, line, why);
  }
  LogLine line;
  std::string why;

 private:
  std::unique_ptr<LogFormat> format_;
  std::unique_ptr<LineParser> parser_;
  std::string text_;
};

struct Audited {
  std::vector<Finding> findings;
  InputCoverage sum;
  std::string coverage;

  [[nodiscard]] std::vector<Finding> of(std::string_view session) const {
    std::vector<Finding> all;
    for (const Finding& finding : findings) {
      if (finding.session == test_digest(session)) all.push_back(finding);
    }
    return all;
  }
  [[nodiscard]] std::vector<Finding> of(plugin::Type type) const {
    std::vector<Finding> all;
    for (const Finding& finding : findings) {
      if (finding.type == type) all.push_back(finding);
    }
    return all;
  }
  [[nodiscard]] std::uint64_t lines(Meaning meaning) const {
    return sum.lines[static_cast<std::size_t>(meaning)];
  }
  // How often the session was used, by persons.
  [[nodiscard]] std::uint64_t uses(std::string_view session) const {
    std::uint64_t count = 0;
    for (const Finding& finding : of(session)) {
      if (finding.type == plugin::Type::Activity && !finding.machine) count += finding.count;
    }
    return count;
  }
};

inline Audited audited(const FormsSettings& settings) {
  const auto format = make_format(settings.format);
  const Rules rules(settings.rules);
  Recorded recorded(settings.inputs, {*format, rules, test_digest, nullptr, settings.window},
                    settings.recorded);
  recorded.read();
  Audited out;
  while (recorded.next(out.findings)) {
  }
  out.sum = recorded.coverage().sum();
  out.coverage = recorded.coverage_json();
  std::uint64_t counted = out.sum.unreadable + out.sum.headings;
  for (const std::uint64_t lines : out.sum.lines) counted += lines;
  for (const auto& [reason, count] : out.sum.filtered) {
    // An ignored line is filtered, not also a meaning.
    counted += count;
  }
  EXPECT_EQ(counted, out.sum.records_total) << "each record has one fate";
  EXPECT_EQ(recorded.records_read(), out.sum.records_total);
  return out;
}

// What a session's findings are, in order of time: "sign_in activity*3 refused end?".
inline std::string story(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.at < b.at; });
  std::string text;
  for (const Finding& finding : findings) {
    std::string word = "other";
    switch (finding.type) {
      case plugin::Type::SignIn:
        word = "sign_in";
        break;
      case plugin::Type::SignInFailed:
        word = "refused";
        break;
      case plugin::Type::Activity:
        word = finding.machine ? "machine" : "activity";
        break;
      case plugin::Type::SignOut:
        word = "sign_out";
        break;
      case plugin::Type::Revoked:
        word = "revoked";
        break;
      case plugin::Type::Expired:
        word = finding.end_inferred ? "end?" : "expired";
        break;
      default:
        break;
    }
    if (finding.count > 1) word += "*" + std::to_string(finding.count);
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

}  // namespace curfew::forms
