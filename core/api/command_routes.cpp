#include "core/api/json_body.hpp"
#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/api/sign_out_body.hpp"
#include "core/report/preview.hpp"

namespace curfew::api {
namespace {

using report::JsonWriter;

constexpr std::size_t max_refs = 1000;
constexpr Roles operators = role_bit(Role::Operator) | role_bit(Role::Admin);

model::Ref read_ref(std::string_view name, const std::string& text) {
  const auto ref = model::parse_ref(text);
  if (!ref || !*ref) JsonFields::bad(name, "must be a reference of 16 hex digits");
  return *ref;
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
  return run(services, read_sign_out(services, request, true));
}

Response preview_sign_out(const Services& services, const Request& request) {
  if (!services.preview) throw Problem(501, "not here", "this server can't look ahead");
  return json_response(200, report::to_json(services.preview(read_sign_out(services, request, false))));
}

// All held sign-outs of a policy, as many as its caps admit.
Response decide_held(const Services& services, const Request& request, model::Verb verb) {
  const JsonBody body(request.body);
  const JsonFields fields(body.object(), {"policy", "reason"});
  model::CommandInput command;
  command.verb = verb;
  command.by = request.token->name;
  command.reason = fields.required_text("reason", max_reason);
  command.held_of = fields.required_text("policy", 256);
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
  add("/api/v1/sign-outs/preview", operators,
      [&services](const Request& request) { return preview_sign_out(services, request); });
  add("/api/v1/sign-outs/release", operators,
      [&services](const Request& request) { return decide_held(services, request, model::Verb::Release); });
  add("/api/v1/sign-outs/dismiss", operators,
      [&services](const Request& request) { return decide_held(services, request, model::Verb::Dismiss); });
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
