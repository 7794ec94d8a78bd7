#include "plugins/oauth/shared_signals/poll_answer.hpp"

#include <nlohmann/json.hpp>

#include "curfew/plugin/connector.hpp"
#include "plugins/files/text.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;

constexpr std::size_t longest_id = 512;

[[noreturn]] void unreadable(const std::string& what) {
  throw plugin::Failure(plugin::Code::Unavailable,
                        "the transmitter's answer to a poll " + what + "; it is asked again");
}

json complaint_of(const Complaint& complaint) {
  return {{"err", code_of(complaint.refusal)}, {"description", complaint.text}};
}

}  // namespace

std::string complaint_text(const Complaint& complaint) { return complaint_of(complaint).dump(); }

bool is_shallow(std::string_view text, std::size_t deepest) {
  std::size_t depth = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_quoted) {
      if (c == '\\') ++i;
      is_quoted = c != '"';
    } else if (c == '"') {
      is_quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) return false;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

std::string poll_request(const PollQuestion& question) {
  json body{{"maxEvents", question.most}, {"returnImmediately", true}};
  if (!question.acknowledged.empty()) body["ack"] = question.acknowledged;
  for (const auto& [id, complaint] : question.refused) body["setErrs"][id] = complaint_of(complaint);
  return body.dump();
}

PollAnswer read_poll_answer(std::string_view body) {
  if (!is_shallow(body)) unreadable("nests deeper than 32");
  const json document = json::parse(body, nullptr, false);
  if (document.is_discarded()) unreadable("is no JSON, or was cut");
  if (!document.is_object()) unreadable("is no JSON object");
  const auto sets = document.find("sets");
  if (sets == document.end() || !sets->is_object()) unreadable("has no `sets`");
  if (sets->size() > most_sets) unreadable("has more than " + std::to_string(most_sets) + " events");
  PollAnswer out;
  for (const auto& [id, token] : sets->items()) {
    // Such a one could be neither acknowledged nor refused.
    if (id.empty() || id.size() > longest_id || !files::is_clean_utf8(id))
      unreadable("has an event whose id is empty or too long");
    out.sets.emplace(id, token.is_string() ? token.get<std::string>() : std::string());
  }
  const auto more = document.find("moreAvailable");
  if (more != document.end() && !more->is_boolean()) unreadable("has a `moreAvailable` that is no boolean");
  out.has_more = more != document.end() && more->get<bool>();
  return out;
}

}  // namespace curfew::oauth::shared_signals
