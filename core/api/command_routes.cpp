#include "core/api/json_body.hpp"
#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::api {
namespace {

using report::JsonWriter;

constexpr std::size_t max_reason = 512;
constexpr std::size_t max_value = 2048;
constexpr std::size_t max_ladder = 16;
constexpr std::size_t max_refs = 1000;
constexpr Roles operators = role_bit(Role::Operator) | role_bit(Role::Admin);
constexpr Roles names_readers = role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);

Duration read_duration(const JsonFields& fields, std::string_view name, Duration absent) {
  const std::string text = fields.text(name, 32);
  if (text.empty()) return absent;
  const auto duration = base::parse_duration(text);
  if (!duration) JsonFields::bad(name, "must be a duration like 30s, 15m or 1h30m");
  return *duration;
}

std::vector<model::LadderStep> read_ladder(const JsonFields& fields) {
  std::vector<model::LadderStep> ladder;
  const auto element = fields.value("ladder");
  if (!element) return ladder;
  simdjson::dom::array list;
  if (element->get(list) != simdjson::SUCCESS) JsonFields::bad("ladder", "must be a list of steps");
  for (const auto item : list) {
    if (ladder.size() == max_ladder) {
      JsonFields::bad("ladder", "has more than " + std::to_string(max_ladder) + " steps");
    }
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) JsonFields::bad("ladder", "must hold objects");
    const JsonFields inner(object, {"action", "at", "required", "together", "prove_within", "revert_after"});
    model::LadderStep step;
    const std::string action = inner.required_text("action", 64);
    const auto parsed = model::parse<model::Action>(action);
    if (!parsed) {
      const std::string_view near = base::nearest(action, model::Names<model::Action>::all);
      JsonFields::bad("action", "is '" + action + "', which is no ladder step" +
                                    (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
    }
    step.action = *parsed;
    step.at = inner.text("at", 64);
    step.required = inner.flag("required", true);
    step.together = inner.flag("together", false);
    step.prove_within = read_duration(inner, "prove_within", step.prove_within);
    step.revert_after = read_duration(inner, "revert_after", Duration{0});
    ladder.push_back(std::move(step));
  }
  return ladder;
}

model::Ref read_ref(std::string_view name, const std::string& text) {
  const auto ref = model::parse_ref(text);
  if (!ref || !*ref) JsonFields::bad(name, "must be a reference of 16 hex digits");
  return *ref;
}

// Whom the order is about: exactly one of session, subject, identifier.
void read_target(const Services& services, const Request& request, const JsonFields& fields,
                 model::CommandInput& command) {
  command.session = fields.number("session", 0, INT64_MAX);
  const std::string subject = fields.text("subject", 16);
  const auto identifier = fields.value("identifier");
  const int given = (command.session != 0 ? 1 : 0) + (subject.empty() ? 0 : 1) + (identifier ? 1 : 0);
  if (given != 1) {
    throw Problem(400, "bad field",
                  "give exactly one of 'session' (its number), 'subject' (its reference), 'identifier'");
  }
  if (!subject.empty()) command.subject = read_ref("subject", subject);
  if (!identifier) return;
  if (!services.find_subject) throw Problem(501, "not here", "this server can't look names up");
  simdjson::dom::object object;
  if (identifier->get(object) != simdjson::SUCCESS) {
    JsonFields::bad("identifier", "must be an object with 'namespace' and 'value'");
  }
  const JsonFields inner(object, {"namespace", "value"});
  const auto found = services.find_subject(request.token->name, inner.required_text("namespace", 64),
                                           inner.required_text("value", max_value));
  if (!found) throw Problem(404, "no such subject", "nobody with this identifier has been seen");
  command.subject = *found;
}

Response run(const Services& services, const model::CommandInput& command) {
  if (!services.command) throw Problem(501, "not here", "this server takes no commands");
  const CommandAnswer answer = services.command(command);
  if (!answer.accepted) throw Problem(409, "refused", answer.refused);
  std::string out;
  JsonWriter json(out);
  json.begin_object().begin_array("sign_outs");
  for (const model::OrderNumber order : answer.orders) json.number({}, order);
  json.end().end();
  Response response = json_response(202, std::move(out));
  if (answer.orders.size() == 1) {
    response.headers.emplace_back("Location", "/api/v1/sign-outs/" + std::to_string(answer.orders.front()));
  }
  return response;
}

Response create_sign_out(const Services& services, const Request& request) {
  const JsonBody body(request.body);
  const JsonFields fields(body.object(), {"session", "subject", "identifier", "reason", "ladder"});
  model::CommandInput command;
  command.verb = model::Verb::SignOut;
  command.by = request.token->name;
  command.reason = fields.required_text("reason", max_reason);
  command.ladder = read_ladder(fields);
  read_target(services, request, fields, command);
  return run(services, command);
}

Response decide_sign_out(const Services& services, const Request& request, model::Verb verb) {
  const JsonBody body(request.body);
  const JsonFields fields(body.object(), {"reason"});
  model::CommandInput command;
  command.verb = verb;
  command.by = request.token->name;
  command.reason = fields.required_text("reason", max_reason);
  command.order = number_in_path(request, "number");
  if (services.sign_out && !services.sign_out(command.order)) {
    throw Problem(404, "no such sign-out", "there is no sign-out " + std::to_string(command.order));
  }
  return run(services, command);
}

Response resolve_names(const Services& services, const Request& request) {
  if (!services.resolve) throw Problem(501, "not here", "this server can't resolve names");
  const JsonBody body(request.body);
  const JsonFields fields(body.object(), {"refs", "reason"});
  const std::string reason = fields.required_text("reason", max_reason);
  std::vector<model::Ref> refs;
  const auto element = fields.value("refs");
  simdjson::dom::array list;
  if (!element || element->get(list) != simdjson::SUCCESS)
    JsonFields::bad("refs", "must be a list of references");
  for (const auto item : list) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) JsonFields::bad("refs", "must hold texts");
    if (refs.size() == max_refs) JsonFields::bad("refs", "holds more than " + std::to_string(max_refs));
    refs.push_back(read_ref("refs", std::string(text)));
  }
  if (refs.empty()) JsonFields::bad("refs", "holds nothing");
  std::string out;
  JsonWriter json(out);
  json.begin_object().begin_array("names");
  for (const model::PersonalValue& value : services.resolve(request.token->name, reason, refs)) {
    json.begin_object().text("ref", model::to_text(value.ref)).text("kind", model::name_of(value.kind));
    json.text_or_null("namespace", value.name_space).text("value", value.value).end();
  }
  json.end().end();
  return json_response(200, std::move(out));
}

}  // namespace

void add_command_routes(Router& router, const Services& services) {
  const auto add = [&](std::string pattern, Roles roles, Handler handler) {
    router.add("POST", std::move(pattern), roles, std::move(handler)).accepts = {"application/json"};
  };
  add("/api/v1/sign-outs", operators,
      [&services](const Request& request) { return create_sign_out(services, request); });
  add("/api/v1/sign-outs/{number}/release", operators, [&services](const Request& request) {
    return decide_sign_out(services, request, model::Verb::Release);
  });
  add("/api/v1/sign-outs/{number}/dismiss", operators, [&services](const Request& request) {
    return decide_sign_out(services, request, model::Verb::Dismiss);
  });
  add("/api/v1/names", names_readers,
      [&services](const Request& request) { return resolve_names(services, request); });
}

}  // namespace curfew::api
