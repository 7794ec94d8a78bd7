#include "core/report/tables.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr std::size_t max_width = 48;

bool is_tail_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Characters, not bytes; near enough to columns for names and hosts.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_tail_byte(c); }));
}

std::string cut_to(std::string_view text, std::size_t most) {
  if (width_of(text) <= most) return std::string(text);
  std::size_t bytes = 0;
  for (std::size_t characters = 0; bytes < text.size(); ++bytes) {
    if (!is_tail_byte(text[bytes]) && characters++ == most - 1) break;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string name_or_ref(model::Ref ref, const Names* names) {
  if (!ref) return "-";
  if (names != nullptr) {
    if (const auto at = names->find(ref); at != names->end() && !at->second.empty())
      return printable(at->second);
  }
  return model::to_text(ref);
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : printable(text); }
std::string moment(Time time) { return time == Time{} ? "-" : wording::time(time); }

}  // namespace

std::string printable(std::string_view text) {
  const std::string clean = base::to_clean_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    const std::string_view rest = std::string_view(clean).substr(i);
    // C1 controls (U+0080 to U+009F), and U+200E/F, U+202A..E, U+2066..9, which turn text around.
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0;
    const bool turning =
        rest.starts_with("\u200E") || rest.starts_with("\u200F") || rest.starts_with("\u202A") ||
        rest.starts_with("\u202B") || rest.starts_with("\u202C") || rest.starts_with("\u202D") ||
        rest.starts_with("\u202E") || rest.starts_with("\u2066") || rest.starts_with("\u2067") ||
        rest.starts_with("\u2068") || rest.starts_with("\u2069");
    if (byte < 0x20 || byte == 0x7F || c1 || turning) {
      out += "\uFFFD";
      i += turning ? 2 : c1 ? 1 : 0;
    } else {
      out += clean[i];
    }
  }
  return out;
}

std::string aligned(const std::vector<std::string>& titles,
                    const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& title : titles) widths.push_back(width_of(title));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      widths[i] = std::min(max_width, std::max(widths[i], width_of(row[i])));
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i + 1 == cells.size()) {
        out += cells[i];
        break;
      }
      const std::string text = cut_to(cells[i], widths[i]);
      out += text + std::string(widths[i] - width_of(text) + 2, ' ');
    }
    out += "\n";
  };
  line(titles);
  for (const auto& row : rows) line(row);
  return out;
}

std::string sessions_table(const std::vector<model::SessionRow>& rows, const Names* names) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    cells.push_back({std::to_string(row.number), name_or_ref(row.subject, names), printable(row.source),
                     std::string(model::name_of(row.state)), moment(row.started_at),
                     moment(std::max(row.last_person_activity_at, row.last_machine_activity_at)),
                     moment(row.ended_at),
                     row.state == model::SessionState::Ended ? wording::end_of(row) : "-"});
  }
  return aligned({"SESSION", "SUBJECT", "SOURCE", "STATE", "STARTED", "LAST ACTIVITY", "ENDED", "WHY"},
                 cells);
}

std::string subjects_table(const std::vector<SubjectRow>& rows, const Names* names) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    cells.push_back({name_or_ref(row.subject, names), std::string(model::name_of(row.account_type)),
                     std::to_string(row.live_sessions), std::to_string(row.sessions),
                     std::to_string(row.violations), moment(row.last_activity_at)});
  }
  return aligned({"SUBJECT", "TYPE", "LIVE", "SESSIONS", "VIOLATIONS", "LAST ACTIVITY"}, cells);
}

std::string violations_table(const std::vector<model::ViolationRow>& rows, const Names* names) {
  AuditReport speaker;
  if (names != nullptr) speaker.names = *names;
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    cells.push_back({std::to_string(row.number), moment(row.breached_at), printable(row.policy),
                     name_or_ref(row.subject, names), or_dash(row.source),
                     row.session == 0 ? "-" : std::to_string(row.session),
                     row.withdrawn_at == Time{} ? std::string(model::name_of(row.mode)) : "withdrawn",
                     printable(wording::evidence(speaker, row))});
  }
  return aligned({"VIOLATION", "BREACHED", "POLICY", "SUBJECT", "SOURCE", "SESSION", "MODE", "EVIDENCE"},
                 cells);
}

std::string sign_outs_table(const std::vector<model::SignOutRow>& rows, const Names* names) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    std::string outcome = wording::words(model::name_of(row.outcome));
    if (!row.held_because.empty()) outcome += ": " + printable(row.held_because);
    cells.push_back({std::to_string(row.number), moment(row.ordered_at), name_or_ref(row.subject, names),
                     or_dash(row.source), row.session == 0 ? "-" : std::to_string(row.session),
                     std::to_string(row.step + 1) + "/" + std::to_string(row.steps), outcome,
                     moment(row.concluded_at), printable(row.ordered_by), printable(row.reason)});
  }
  return aligned(
      {"SIGN-OUT", "ORDERED", "SUBJECT", "SOURCE", "SESSION", "STEP", "OUTCOME", "CONCLUDED", "BY", "REASON"},
      cells);
}

std::string sources_table(const std::vector<SourceStatus>& rows) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    cells.push_back({printable(row.name), printable(row.connector), printable(row.state),
                     moment(row.last_observation_at), wording::count(row.observations),
                     wording::count(row.unreadable), wording::count(row.live_sessions), or_dash(row.text)});
  }
  return aligned({"SOURCE", "CONNECTOR", "STATE", "LAST SEEN", "EVENTS", "UNREADABLE", "LIVE", "NOTE"},
                 cells);
}

}  // namespace curfew::report
