// Apache: `LogFormat` of mod_log_config as it stands in its configuration, also with \" in it.
#include <stdexcept>
#include <utility>

#include "plugins/forms/logs/template_format.hpp"

namespace curfew::forms {
namespace {

constexpr std::string_view common = R"(%h %l %u %t "%r" %>s %b)";
constexpr std::string_view combined = R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")";
constexpr std::string_view vhost_combined = R"(%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i")";

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("settings: format.log_format: " + what);
}

// The name within braces, and the letter.
TemplatePiece time_piece(std::string argument) {
  for (const char* phase : {"begin:", "end:"}) {
    if (argument.starts_with(phase)) argument.erase(0, std::string_view(phase).size());
  }
  const std::string name = argument.empty() ? "%t" : "%{" + argument + "}t";
  if (argument.empty() || argument == "begin" || argument == "end") return {{}, Slot::TimeClf, name, {}};
  if (argument == "sec") return {{}, Slot::EpochSeconds, name, {}};
  if (argument == "msec") return {{}, Slot::EpochMilliseconds, name, {}};
  if (argument == "usec") return {{}, Slot::EpochMicroseconds, name, {}};
  if (argument == "msec_frac") return {{}, Slot::FractionMilliseconds, name, {}};
  if (argument == "usec_frac") return {{}, Slot::FractionMicroseconds, name, {}};
  std::string why;
  if (!is_known_time_format(argument, why)) fail(why);
  return {{}, Slot::TimeFormat, name, argument};
}

TemplatePiece header_piece(const std::string& argument, bool is_answer) {
  const std::string name = files::to_lower(argument);
  Slot slot = Slot::Field;
  if (is_answer) {
    if (name == "set-cookie") slot = Slot::SetCookies;
    if (name == "location") slot = Slot::Location;
  } else {
    if (name == "user-agent") slot = Slot::UserAgent;
    if (name == "host") slot = Slot::Host;
    if (name == "cookie") slot = Slot::Cookies;
  }
  return {{}, slot, argument, {}};
}

TemplatePiece directive(char letter, const std::string& argument) {
  const std::string name = argument.empty() ? std::string("%") + letter : argument;
  switch (letter) {
    case 'a':
    case 'h':
      // %{c}a is the connection's, behind a proxy another one than the client's.
      return {{}, argument.empty() ? Slot::Address : Slot::Field, "%" + argument + letter, {}};
    case 'u':
      return {{}, Slot::User, name, {}};
    case 't':
      return time_piece(argument);
    case 'r':
      return {{}, Slot::Request, name, {}};
    case 'm':
      return {{}, Slot::Method, name, {}};
    case 'U':
      return {{}, Slot::Path, name, {}};
    case 'q':
      return {{}, Slot::Query, name, {}};
    case 's':
      return {{}, Slot::Status, name, {}};
    case 'b':
    case 'B':
    case 'O':
      return {{}, Slot::Bytes, name, {}};
    case 'D':
      return {{}, Slot::Microseconds, name, {}};
    case 'T':
      return {{},
              argument == "us"   ? Slot::Microseconds
              : argument == "ms" ? Slot::Milliseconds
                                 : Slot::Seconds,
              "%" + argument + letter,
              {}};
    case 'v':
    case 'V':
      return {{}, Slot::Host, name, {}};
    case 'C':
      return {{}, Slot::OneCookie, argument, {}};
    case 'i':
      return header_piece(argument, false);
    case 'o':
      return header_piece(argument, true);
    case 'A':
    case 'e':
    case 'f':
    case 'H':
    case 'I':
    case 'k':
    case 'l':
    case 'L':
    case 'n':
    case 'p':
    case 'P':
    case 'R':
    case 'S':
    case 'X':
    case 'x':
    case 'c':
      return {{}, Slot::Field, name, {}};
    default:
      fail(std::string("%") + letter + " is not known");
  }
}

}  // namespace

std::unique_ptr<LogFormat> make_apache_format(const FormatSettings& settings) {
  std::string_view text = settings.log_format;
  if (text.empty() || text == "combined") text = combined;
  if (text == "common") text = common;
  if (text == "vhost_combined") text = vhost_combined;
  std::vector<TemplatePiece> pieces;
  std::string before;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      const char escaped = text[i + 1];
      before += escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped;
      i += 2;
      continue;
    }
    if (text[i] != '%') {
      before += text[i++];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '%') {
      before += '%';
      i += 2;
      continue;
    }
    ++i;
    // "%!200,304{…}i": only for some statuses; "<" and ">": of the first or the last request.
    while (i < text.size() && (std::string_view("!,<>").find(text[i]) != std::string_view::npos ||
                               (text[i] >= '0' && text[i] <= '9')))
      ++i;
    std::string argument;
    if (i < text.size() && text[i] == '{') {
      const auto end = text.find('}', i);
      if (end == std::string_view::npos) fail("a %{ without its }");
      argument = text.substr(i + 1, end - i - 1);
      i = end + 1;
    }
    if (i >= text.size()) fail("it ends within a directive");
    if (text[i] == '^') {  // %{…}^ti and ^to: trailers
      if (i + 2 >= text.size()) fail("it ends within a directive");
      pieces.push_back({std::exchange(before, {}), Slot::Field, argument, {}});
      i += 3;
      continue;
    }
    TemplatePiece piece = directive(text[i++], argument);
    // "%U%q": the query brings its "?" along.
    if (piece.slot == Slot::Query && before.empty() && !pieces.empty() && pieces.back().slot == Slot::Path) {
      pieces.back().slot = Slot::Uri;
      pieces.back().name += piece.name;
      continue;
    }
    piece.before = std::exchange(before, {});
    pieces.push_back(std::move(piece));
  }
  return std::make_unique<TemplateFormat>(std::move(pieces), std::move(before), Escape::Backslash,
                                          settings.line);
}

}  // namespace curfew::forms
