#include "core/report/preview.hpp"

#include <algorithm>

#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

std::string sessions(std::size_t count) { return wording::counted(count, "session", "sessions"); }
std::string people(std::size_t count) { return wording::counted(count, "person", "people"); }

std::string place(const std::string& source, const std::string& application) {
  return application.empty() ? source : application + " at " + source;
}

std::string why_held(const std::string& because) {
  if (because == "approval") return "the order is large enough to need a second person's approval";
  if (because == "protected account") return "the account is protected";
  if (because == "cap") return "no more sign-outs may begin in one minute";
  return because;
}

}  // namespace

std::vector<std::string> sentences(const model::Preview& preview) {
  std::vector<std::string> lines;
  if (!preview.refused.empty()) {
    lines.push_back("Nothing would be ordered: " + preview.refused + ".");
    if (preview.sessions == 0) return lines;
  } else {
    lines.push_back("It hits " + sessions(preview.sessions) + " of " + people(preview.people) + ".");
  }
  for (const model::PreviewGroup& group : preview.groups)
    lines.push_back("  " + place(group.source, group.application) + ": " + sessions(group.sessions) + " of " +
                    people(group.people) + ".");
  if (!preview.refused.empty()) return lines;
  for (const model::PreviewAlso& also : preview.also)
    lines.push_back("It also signs out of " + place(also.source, also.application) + ": " +
                    std::string(model::name_of(also.action)) + " at " + also.at + " ends " +
                    sessions(also.sessions) + " of " + people(also.people) + " there.");
  if (preview.running > 0)
    lines.push_back(sessions(preview.running) + (preview.running == 1 ? " has" : " have") +
                    " a sign-out already, and no other would be made.");
  for (const model::PreviewHold& hold : preview.held)
    lines.push_back(wording::counted(hold.sessions, "sign-out", "sign-outs") +
                    " would be held: " + why_held(hold.because) + ".");
  if (preview.not_judged > 0) {
    std::string at;
    for (const std::string& source : preview.not_judged_at) at += (at.empty() ? "" : ", ") + source;
    lines.push_back(sessions(preview.not_judged) + " would not be hit, as nobody can say yet whether " +
                    (preview.not_judged == 1 ? "it is" : "they are") + " idle (" + at +
                    " has not told enough).");
  }
  lines.push_back(preview.at_once == 0
                      ? "None would begin at once."
                      : wording::counted(preview.at_once, "sign-out", "sign-outs") + " would begin at once.");
  return lines;
}

void write(JsonWriter& json, const model::Preview& preview, const Names* names) {
  json.begin_object().text_or_null("refused", preview.refused);
  json.number("sessions", preview.sessions).number("people", preview.people);
  json.number("at_once", preview.at_once).number("running", preview.running);
  json.number("not_judged", preview.not_judged).texts("not_judged_at", preview.not_judged_at);
  json.begin_array("groups");
  for (const model::PreviewGroup& group : preview.groups) {
    json.begin_object().text("source", group.source).text_or_null("application", group.application);
    json.number("sessions", group.sessions).number("people", group.people).end();
  }
  json.end().begin_array("also");
  for (const model::PreviewAlso& also : preview.also) {
    json.begin_object().text("action", model::name_of(also.action)).text("at", also.at);
    json.text("source", also.source).text_or_null("application", also.application);
    json.number("sessions", also.sessions).number("people", also.people).end();
  }
  json.end().begin_array("held");
  for (const model::PreviewHold& hold : preview.held)
    json.begin_object().text("because", hold.because).number("sessions", hold.sessions).end();
  json.end().begin_array("listed");
  for (const model::PreviewSession& row : preview.listed) {
    json.begin_object().number("session", row.number).text("source", row.source);
    json.text_or_null("application", row.application).text_or_null("subject", model::to_text(row.subject));
    if (names != nullptr && names->contains(row.subject)) json.text("subject_name", names->at(row.subject));
    json.time("started_at", row.started_at).time("last_person_activity_at", row.last_person_activity_at);
    json.text_or_null("held_because", row.held_because);
    row.running == 0 ? json.raw("running", "null") : json.number("running", row.running);
    json.end();
  }
  json.end().texts("sentences", sentences(preview)).end();
}

}  // namespace curfew::report
