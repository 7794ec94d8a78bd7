#include "core/app/sign_out_watch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/duration_words.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/report/tables.hpp"
#include "core/report/wording.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

constexpr const char* events = "/api/v1/stream?events=step,sign_out";
constexpr int reopen_tries = 120;
constexpr std::chrono::seconds reopen_pause{1};

std::string text_of(const json& facts, const char* key) {
  const auto found = facts.find(key);
  if (found == facts.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string words_of(const json& facts, const char* key) {
  return report::wording::words(text_of(facts, key));
}

std::string held_in_words(const std::string& because) {
  return "held: " + because + "; it waits until a second person releases or dismisses it";
}

}  // namespace

std::string step_in_words(const std::string& kind, const std::string& facts_text) {
  const json facts = json::parse(facts_text, nullptr, false);
  if (!facts.is_object()) return {};
  const std::string step =
      facts.contains("step") ? "step " + std::to_string(facts["step"].get<int>() + 1) + " " : "";
  if (kind == "sign_out_ordered") {
    std::string text = "ordered for session " + text_of(facts, "session_number");
    if (const std::string because = text_of(facts, "held_because"); !because.empty())
      text += ", " + held_in_words(because);
    return text;
  }
  if (kind == "intent")
    return step + "intent: " + (facts.value("revert", false) ? "undo " : "") + words_of(facts, "action") +
           " at " + text_of(facts, "at");
  if (kind == "answer") {
    const std::string said = text_of(facts, "text");
    return step + "answer: " + words_of(facts, "code") + (said.empty() ? "" : " (" + said + ")");
  }
  if (kind == "probe") {
    std::string text =
        step + "probe " + text_of(facts, "probe") + ": the session is " + words_of(facts, "session");
    const std::string control = text_of(facts, "control");
    if (control != "unknown") text += ", a control session is " + control;
    const std::string said = text_of(facts, "text");
    return text + (said.empty() ? "" : " (" + said + ")");
  }
  if (kind != "outcome_recorded") return {};
  if (facts.contains("reverted")) return step + "undone";
  if (const std::string verdict = words_of(facts, "verdict"); !verdict.empty()) {
    const std::string proof = words_of(facts, "proof");
    return step + "verdict: " + verdict + (proof.empty() ? "" : " (" + proof + ")");
  }
  std::string text = "outcome: " + words_of(facts, "outcome");
  if (const std::string because = text_of(facts, "because"); !because.empty()) text += ", " + because;
  if (facts.contains("time_to_effect"))
    text += ", after " + base::in_words(Duration{facts["time_to_effect"].get<std::int64_t>()});
  return text;
}

SignOutWatch::SignOutWatch(const ApiClient& daemon, bool json)
    : daemon_(daemon), json_(json), stream_(daemon.open_stream(events)) {}

void SignOutWatch::say(const std::string& at, std::uint64_t number, const std::string& text) const {
  const std::string clock = at.size() >= 23 ? at.substr(11, 12) : at;
  std::printf("%-12s  sign-out %llu  %s\n", clock.c_str(), static_cast<unsigned long long>(number),
              report::printable(text).c_str());
  std::fflush(stdout);
}

bool SignOutWatch::is_over() const {
  return std::all_of(standing_.begin(), standing_.end(),
                     [](const auto& one) { return one.second != Standing::Open; });
}

bool SignOutWatch::all_proven() const {
  return std::all_of(standing_.begin(), standing_.end(), [](const auto& one) {
    return one.second == Standing::Proven || one.second == Standing::Contained;
  });
}

void SignOutWatch::follow(const std::vector<std::uint64_t>& numbers) {
  for (const std::uint64_t number : numbers) standing_[number] = Standing::Open;
  ApiClient::Event event;
  while (!is_over()) {
    if (stream_.next(event))
      take(event);
    else
      reopen();
  }
}

void SignOutWatch::take(const ApiClient::Event& event) {
  if (event.name == "step")
    take_step(event.data);
  else if (event.name == "sign_out")
    take_row(event.data);
  else if (event.name == "lost")
    look();
}

void SignOutWatch::take_step(const std::string& data) {
  const json event = json::parse(data, nullptr, false);
  if (!event.is_object()) return;
  const auto number = event.value("order", std::uint64_t{0});
  if (!standing_.contains(number)) return;
  if (json_) {
    std::printf("%s\n", event.dump().c_str());
    std::fflush(stdout);
    return;
  }
  const std::string text =
      step_in_words(event.value("kind", ""), event.value("facts", json::object()).dump());
  if (!text.empty()) say(event.value("at", ""), number, text);
}

void SignOutWatch::take_row(const std::string& data) {
  const json row = json::parse(data, nullptr, false);
  if (!row.is_object()) return;
  const auto number = row.value("number", std::uint64_t{0});
  const auto known = standing_.find(number);
  if (known == standing_.end()) return;
  const std::string outcome = text_of(row, "outcome");
  const bool concluded = !row["concluded_at"].is_null();
  if (!concluded)
    known->second = outcome == "held" ? Standing::Held : Standing::Open;
  else if (outcome == "proven")
    known->second = Standing::Proven;
  else if (outcome == "contained")
    known->second = Standing::Contained;
  else
    known->second = Standing::Failed;
}

// What is known of those that are open: after a break, or when events were lost.
void SignOutWatch::look() {
  for (auto& [number, standing] : standing_) {
    if (standing == Standing::Open) take_row(daemon_.get("/api/v1/sign-outs/" + std::to_string(number)));
  }
}

void SignOutWatch::reopen() {
  if (!json_) std::fputs("the daemon is away; waiting for it\n", stderr);
  for (int i = 1;; ++i) {
    try {
      stream_ = daemon_.open_stream(events);
      look();
      return;
    } catch (const Error&) {
      if (i == reopen_tries) throw;
    }
    std::this_thread::sleep_for(reopen_pause);
  }
}

}  // namespace curfew::app
