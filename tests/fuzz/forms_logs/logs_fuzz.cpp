// The first byte says what the others are: a log in one of the formats, a format and a line in it, or
// settings.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/digest.hpp"
#include "plugins/files/line_reader.hpp"
#include "plugins/forms/logs/line_intake.hpp"
#include "plugins/forms/logs/merger.hpp"
#include "plugins/forms/settings.hpp"

namespace {

using namespace curfew::forms;
namespace files = curfew::files;
namespace plugin = curfew::plugin;

void require(bool condition) {
  if (!condition) std::abort();
}

plugin::SessionDigest digest(std::string_view text) {
  static const plugin::KeyedDigest keyed("fuzz");
  return keyed(text);
}

struct Reader {
  std::unique_ptr<LogFormat> format;
  Rules rules;
  curfew::files::Duration window{};
};

Reader reader_of(std::string_view settings) {
  const FormsSettings read = read_settings(settings);
  return {make_format(read.format), Rules(read.rules), read.window};
}

// One of each format, with rules that look at everything.
const std::vector<Reader>& readers() {
  static const std::vector<Reader> all = [] {
    std::vector<Reader> made;
    for (
        const char* settings :
        {R"({"inputs":["x"],"preset":"dynamics_crm_onprem"})", R"({"inputs":["x"],"preset":"lemonldap"})",
         R"({"inputs":["x"],"preset":"apache_mod_auth_form"})",
         R"({"inputs":["x"],"preset":"apache_mod_auth_gssapi"})",
         R"({"inputs":["x"],"format":{"kind":"json","fields":{"time":"t","uri":"u","status":"s","cookies":"c","set_cookies":"o","user":"n"}},
              "session":{"cookie":"sid","transform":["url_decode","after:s:","before:.","unquote","lower"]},
              "rules":[{"means":"sign_in","when":{"session":["issued"]}},{"means":"refused","ends_session":true,"when":{"status":"4xx"}},
                       {"means":"sign_out","session_from":[{"query":"id"},{"field":"u","capture":"([0-9a-f]+)$"}],"when":{"path_regex":"^/(a|b)+$"}},
                       {"means":"activity"}]})",
         R"({"inputs":["x"],"format":{"kind":"nginx","escape":"json","log_format":"{\"t\":\"$msec\",\"u\":\"$request\",\"c\":\"$http_cookie\",\"s\":$status}"},
              "session":{"cookie":"sid"},"rules":[{"means":"activity"}]})",
         R"({"inputs":["x"],"preset":"iis_windows","session":{"window":"1m"},"rules":[{"means":"sign_out","when":{"path":"*/out"}}]})"})
      made.push_back(reader_of(settings));
    return made;
  }();
  return all;
}

void read_log(const Reader& reader, std::string_view bytes) {
  Coverage coverage;
  const std::uint32_t input = coverage.add_input("fuzz");
  std::uint64_t told = 0, marked = 0;
  Merger merger(std::chrono::seconds(10), std::chrono::seconds(0), [&](Finding&& finding) {
    require(!finding.key.empty() && files::is_clean_utf8(finding.key) && finding.key.size() <= 2048);
    for (const std::string* text : {&finding.user, &finding.address, &finding.user_agent, &finding.failure})
      require(files::is_clean_utf8(*text) && text->size() <= 2048);
    if (!finding.end_inferred) told += finding.count;
  });
  const LogReading reading{*reader.format, reader.rules, digest,
                           [](std::string_view id, std::string_view) { require(!id.empty()); },
                           reader.window};
  std::optional<Visits> visits;
  std::uint64_t signed_in = 0;
  if (reader.window != Duration{}) {
    visits.emplace(reader.window, digest, [&](Mark&& mark) {
      signed_in += mark.means == Meaning::SignIn ? 1 : 0;
      merger.add(std::move(mark));
    });
  }
  LineIntake intake(reading, coverage, input, [&](Mark&& mark) {
    ++marked;
    const Mark same = decode(encode(mark));
    require(same.time == mark.time && same.user == mark.user && same.session == mark.session);
    if (visits) {
      visits->add(std::move(mark));
    } else {
      merger.add(std::move(mark));
    }
  });
  std::uint64_t lines_read = 0;
  files::LineReader lines(
      4096,
      [&](std::string_view line, std::uint64_t number) {
        ++lines_read;
        intake.line(line, number, 0);
      },
      [&](std::uint64_t number) {
        ++lines_read;
        intake.too_long(number);
      });
  lines.feed(bytes);
  lines.finish();
  std::uint64_t left_out = 0;
  if (visits) {
    visits->release(Time::max());
    for (const auto& [key, value] : visits->take_changes()) visits->restore(key, value);
    (void)visits->end_silent(Time::max() - std::chrono::hours(24));
    visits->forget(Time::max() - std::chrono::hours(24));
    left_out = visits->counts().after_sign_out;
  }
  merger.finish();
  require(told == marked + signed_in - left_out);
  const InputCoverage sum = coverage.sum();
  std::uint64_t counted = sum.unreadable + sum.headings;
  for (const std::uint64_t count : sum.lines) counted += count;
  for (const auto& [reason, count] : sum.filtered) counted += count;
  require(counted == sum.records_total && sum.records_total == lines_read);
  require(files::is_clean_utf8(coverage.to_json()));
}

// A format up to the first newline, and lines in it.
void read_format(const char* kind, std::string_view bytes) {
  const auto end = std::min(bytes.find('\n'), bytes.size());
  FormatSettings settings{.kind = kind, .log_format = std::string(bytes.substr(0, end))};
  try {
    const auto format = make_format(settings);
    const auto parser = format->parser();
    LogLine line;
    std::string why;
    for (bytes.remove_prefix(std::min(end + 1, bytes.size())); !bytes.empty();) {
      const auto newline = std::min(bytes.find('\n'), bytes.size());
      const Verdict verdict = parser->parse(bytes.substr(0, newline), line, why);
      require(verdict != Verdict::Unreadable || !why.empty());
      bytes.remove_prefix(std::min(newline + 1, bytes.size()));
    }
  } catch (const std::invalid_argument&) {
    // A format that can't be read is refused.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t what = data[0] % 10U;
  if (what < readers().size()) {
    read_log(readers()[what], bytes);
  } else if (what == 7) {
    read_format("nginx", bytes);
  } else if (what == 8) {
    read_format("apache", bytes);
  } else {
    try {
      (void)reader_of(bytes);
    } catch (const std::invalid_argument&) {
      // Refused, with the setting's name.
    }
  }
  return 0;
}
