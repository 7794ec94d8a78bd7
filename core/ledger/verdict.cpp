#include "core/ledger/verdict.hpp"

#include "core/base/text.hpp"

namespace curfew::ledger {
namespace {

std::string range_text(const Problem& problem) {
  if (!problem.first) return {};
  std::string text = " at " + std::to_string(*problem.first);
  if (problem.last && *problem.last != *problem.first) text += " to " + std::to_string(*problem.last);
  return text;
}

class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    base::append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) {
    base::append_json_string(key(name), base::to_clean_utf8(value));
  }
  void number(std::string_view name, std::uint64_t value) { key(name) += std::to_string(value); }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

 private:
  std::string& out_;
};

void write_problem(std::string& out, const Problem& problem) {
  Object object(out);
  object.text("kind", model::name_of(problem.kind));
  if (problem.first) object.number("first", *problem.first);
  if (problem.last) object.number("last", *problem.last);
  object.text("text", problem.text);
  out += '}';
}

void write_source(std::string& out, const SourceGaps& source) {
  Object object(out);
  object.number("gaps", source.gaps);
  object.number("records_missing", source.records_missing);
  object.number("uncounted", source.uncounted);
  object.number("outages", source.outages);
  object.number("first_sequence", source.first_sequence);
  object.key("reasons");
  Object reasons(out);
  for (const auto& [reason, count] : source.reasons) reasons.number(reason, count);
  out += "}}";
}

}  // namespace

std::string describe(const Problem& problem) {
  return std::string(model::name_of(problem.kind)) + range_text(problem) + ": " + problem.text;
}

void Problems::add(ProblemKind kind, std::optional<std::uint64_t> first, std::optional<std::uint64_t> last,
                   std::string text) {
  ++count;
  ++by_kind[kind];
  if (listed.size() < most_listed) listed.push_back({kind, first, last, std::move(text)});
}

std::string to_json(const StreamVerdict& verdict) {
  std::string out;
  Object object(out);
  object.text("stream", origin_of(verdict.id));
  object.number("size", verdict.size);
  object.text("root", base::to_hex(verdict.root));
  object.flag("intact", verdict.intact());
  object.number("problem_count", verdict.problem_count);
  object.key("problems") += '[';
  for (const Problem& problem : verdict.problems) {
    if (out.back() != '[') out += ',';
    write_problem(out, problem);
  }
  out += ']';
  object.flag("complete", verdict.completeness.complete());
  object.key("gaps");
  Object sources(out);
  for (const auto& [name, source] : verdict.completeness.sources) write_source(sources.key(name), source);
  out += '}';
  if (verdict.predecessor) {
    object.key("predecessor");
    Object head(out);
    head.text("stream", verdict.predecessor->origin);
    head.number("size", verdict.predecessor->size);
    head.text("root", base::to_hex(verdict.predecessor->root));
    out += '}';
  }
  object.number("checkpoints", verdict.checkpoints);
  object.number("tiles", verdict.tiles);
  object.number("personal_values", verdict.personal_values);
  object.number("erased_values", verdict.erased_values);
  object.number("outside_size", verdict.outside_size);
  object.key("not_excluded") += '[';
  for (const std::string& sentence : verdict.not_excluded) {
    if (out.back() != '[') out += ',';
    base::append_json_string(out, sentence);
  }
  out += "]}";
  return out;
}

}  // namespace curfew::ledger
