#include "core/api/sign_out_body.hpp"

#include "core/api/json_body.hpp"
#include "core/api/tokens.hpp"

namespace curfew::api {
namespace {

constexpr std::size_t max_value = 2048;
constexpr std::size_t max_ladder = 16;
constexpr std::size_t max_names = 64;
constexpr std::size_t max_name = 256;

Duration read_duration(const JsonFields& fields, std::string_view name, Duration absent) {
  const std::string text = fields.text(name, 32);
  if (text.empty()) return absent;
  const auto duration = base::parse_duration(text);
  if (!duration || *duration < Duration{0})
    JsonFields::bad(name, "must be a duration like 30s, 15m or 1h30m");
  return *duration;
}

template <typename E>
E read_name(std::string_view field, std::string_view text) {
  const auto parsed = model::parse<E>(text);
  if (parsed) return *parsed;
  const std::string_view near = base::nearest(text, model::Names<E>::all);
  JsonFields::bad(field, "knows no '" + std::string(text.substr(0, 64)) + "'" +
                             (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
}

template <typename Take>
void each_text(const JsonFields& fields, std::string_view name, Take take) {
  const auto element = fields.value(name);
  if (!element) return;
  simdjson::dom::array list;
  if (element->get(list) != simdjson::SUCCESS) JsonFields::bad(name, "must be a list of texts");
  std::size_t count = 0;
  for (const auto item : list) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS || text.empty() || text.size() > max_name ||
        !base::is_clean_utf8(text))
      JsonFields::bad(name, "must hold texts of 1 to " + std::to_string(max_name) + " bytes");
    if (++count > max_names) JsonFields::bad(name, "holds more than " + std::to_string(max_names));
    take(text);
  }
  if (count == 0) JsonFields::bad(name, "is empty, which would mean nobody; leave it out to mean all");
}

void read_texts(const JsonFields& fields, std::string_view name, std::vector<std::string>& to) {
  each_text(fields, name, [&](std::string_view text) { to.emplace_back(text); });
}

template <typename E>
void read_names(const JsonFields& fields, std::string_view name, std::vector<E>& to) {
  each_text(fields, name, [&](std::string_view text) { to.push_back(read_name<E>(name, text)); });
}

std::vector<model::LadderStep> read_ladder(const JsonFields& fields) {
  std::vector<model::LadderStep> ladder;
  const auto element = fields.value("ladder");
  if (!element) return ladder;
  simdjson::dom::array list;
  if (element->get(list) != simdjson::SUCCESS) JsonFields::bad("ladder", "must be a list of steps");
  for (const auto item : list) {
    if (ladder.size() == max_ladder)
      JsonFields::bad("ladder", "has more than " + std::to_string(max_ladder) + " steps");
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) JsonFields::bad("ladder", "must hold objects");
    const JsonFields inner(object, {"action", "at", "required", "together", "prove_within", "revert_after"});
    model::LadderStep step;
    step.action = read_name<model::Action>("action", inner.required_text("action", 64));
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

model::Ref subject_of(const Services& services, const Request& request, simdjson::dom::element identifier) {
  if (!services.find_subject) throw Problem(501, "not here", "this server can't look names up");
  simdjson::dom::object object;
  if (identifier.get(object) != simdjson::SUCCESS)
    JsonFields::bad("identifier", "must be an object with 'namespace' and 'value'");
  const JsonFields inner(object, {"namespace", "value"});
  const auto found = services.find_subject(request.token->name, inner.required_text("namespace", 64),
                                           inner.required_text("value", max_value));
  if (!found) throw Problem(404, "no such subject", "nobody with this identifier has been seen");
  return *found;
}

model::Selection read_selection(const Services& services, const Request& request,
                                simdjson::dom::element element) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) JsonFields::bad("select", "must be an object");
  const JsonFields fields(
      object, {"sources", "applications", "device", "device_name", "account_types", "networks", "sign_ins",
               "auth_methods", "states", "idle_over", "older_than"});
  model::Selection selection;
  read_texts(fields, "sources", selection.sources);
  read_texts(fields, "applications", selection.applications);
  const std::string device = fields.text("device", 16);
  if (!device.empty()) selection.device = read_ref("device", device);
  if (const std::string name = fields.text("device_name", max_value); !name.empty()) {
    if (!device.empty()) JsonFields::bad("device_name", "is given, and 'device' too");
    if (!services.find_device) throw Problem(501, "not here", "this server can't look names up");
    const auto found = services.find_device(request.token->name, name);
    if (!found) throw Problem(404, "no such device", "no device of this name has been seen");
    selection.device = *found;
  }
  read_names(fields, "account_types", selection.account_types);
  read_names(fields, "networks", selection.networks);
  read_names(fields, "sign_ins", selection.sign_ins);
  read_names(fields, "auth_methods", selection.auth_methods);
  read_names(fields, "states", selection.states);
  selection.idle_over = read_duration(fields, "idle_over", Duration{0});
  selection.older_than = read_duration(fields, "older_than", Duration{0});
  if (!selection.asks()) JsonFields::bad("select", "asks for nothing, which would be everybody");
  return selection;
}

}  // namespace

model::CommandInput read_sign_out(const Services& services, const Request& request, bool to_order) {
  const JsonBody body(request.body);
  const JsonFields fields(body.object(),
                          {"session", "subject", "identifier", "select", "at_most", "reason", "ladder"});
  model::CommandInput command;
  command.verb = model::Verb::SignOut;
  command.by = request.token->name;
  command.reason = to_order ? fields.required_text("reason", max_reason) : fields.text("reason", max_reason);
  command.ladder = read_ladder(fields);
  command.at_most = static_cast<std::uint32_t>(fields.number("at_most", 0, model::most_targets));
  command.session = fields.number("session", 0, INT64_MAX);
  const std::string subject = fields.text("subject", 16);
  const auto identifier = fields.value("identifier");
  const auto select = fields.value("select");
  const bool person = !subject.empty() || identifier;
  if (!subject.empty() && identifier)
    throw Problem(400, "bad field", "give 'subject' or 'identifier', not both");
  if (command.session != 0 ? person || select : !person && !select)
    throw Problem(
        400, "bad field",
        "say whom: 'session' (a number) alone; or 'subject' (a reference) or 'identifier', 'select', "
        "or one of these with 'select'");
  if (!subject.empty()) command.subject = read_ref("subject", subject);
  if (identifier) command.subject = subject_of(services, request, *identifier);
  if (select) command.selection = read_selection(services, request, *select);
  return command;
}

}  // namespace curfew::api
