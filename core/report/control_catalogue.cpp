#include "core/report/control_catalogue.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.hpp"

namespace curfew::report {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw Error(ErrorKind::Internal, "control catalogue: " + where + ": " + why);
}

// Takes the fields of one object and refuses what is left.
class Fields {
 public:
  Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) refuse(where_, "is no object");
  }
  std::string text(const char* key) {
    const json* value = find(key);
    if (value == nullptr || !value->is_string()) refuse(where_, std::string(key) + " must be a text");
    return value->get<std::string>();
  }
  std::string text_if(const char* key) { return find(key) == nullptr ? std::string{} : text(key); }
  template <typename E>
  E name(const char* key) {
    return parse<E>(key, text(key));
  }
  template <typename E>
  E name_or(const char* key, E absent) {
    return find(key) == nullptr ? absent : name<E>(key);
  }
  Duration duration(const char* key) {
    const std::string text = text_if(key);
    if (text.empty()) return Duration{0};
    const auto value = base::parse_duration(text);
    if (!value || *value <= Duration{0}) refuse(where_, std::string(key) + ": '" + text + "' is no duration");
    return *value;
  }
  std::uint32_t number(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned()) refuse(where_, std::string(key) + " must be a number");
    return value->get<std::uint32_t>();
  }
  template <typename E>
  std::vector<E> names(const char* key) {
    std::vector<E> out;
    const json* value = find(key);
    if (value == nullptr) return out;
    for (const json& item : *value) {
      if (!item.is_string()) refuse(where_, std::string(key) + " must be a list of names");
      out.push_back(parse<E>(key, item.get<std::string>()));
    }
    return out;
  }
  const json* find(const char* key) {
    taken_.insert(key);
    const auto at = object_.find(key);
    return at == object_.end() ? nullptr : &*at;
  }
  void end() const {
    for (const auto& item : object_.items()) {
      if (!taken_.contains(item.key())) refuse(where_, "unknown field '" + item.key() + "'");
    }
  }

 private:
  template <typename E>
  E parse(const char* key, const std::string& text) {
    const auto value = model::parse<E>(text);
    if (!value) refuse(where_, std::string(key) + ": '" + text + "' is none of its names");
    return *value;
  }
  const json& object_;
  std::string where_;
  std::set<std::string> taken_;
};

bool needs_limit(Check test) {
  return test == Check::FreshCredentials || test == Check::IdleTime || test == Check::Retention;
}

void validate(const Control& control, const std::string& where) {
  if (control.id.empty() || control.title.empty()) refuse(where, "needs an id and a title");
  if (!control.requirement.ends_with('.')) refuse(where, "the requirement must be a sentence");
  const bool testable = control.test != Check::NotTestable;
  if (testable == !control.not_testable.empty())
    refuse(where, "has either a test or a reason why it is not testable");
  if ((control.test == Check::PolicyKept) == control.rules.empty())
    refuse(where, "policy_kept names rules, other tests name none");
  if (needs_limit(control.test) && control.limit == Duration{0}) refuse(where, "this test needs a limit");
  const bool has_number = control.limit != Duration{0} || control.most != 0 || control.window != Duration{0};
  if (has_number && control.read == ReadIn::Unconfirmed) refuse(where, "has a number that nobody confirmed");
  if (has_number && control.numbers != Numbers::Fixed && control.numbers != Numbers::Profile)
    refuse(where, "has a number, and neither the standard nor a profile sets one");
}

Control control_from(const json& object, const std::string& where, bool has_objectives) {
  Fields fields(object, where);
  Control control;
  control.id = fields.text("id");
  control.control = fields.text_if("control");
  if (control.control.empty()) control.control = control.id;
  control.title = fields.text("title");
  control.level = fields.text_if("level");
  control.requirement = fields.text("requirement");
  control.numbers = fields.name<Numbers>("numbers");
  control.read = fields.name<ReadIn>("read");
  control.test = fields.name_or("test", Check::NotTestable);
  control.not_testable = fields.text_if("not_testable");
  control.tested_part = fields.text_if("tested_part");
  control.rules = fields.names<model::Rule>("rules");
  control.limit = fields.duration("limit");
  control.window = fields.duration("window");
  control.most = fields.number("most");
  control.tolerance = fields.duration("tolerance");
  control.population = fields.name_or("population", Population::People);
  control.objective = fields.text_if("objective");
  if (control.objective.empty() && has_objectives) control.objective = control.control + "_obj";
  fields.end();
  validate(control, where);
  return control;
}

// Those whose controls are NIST's have NIST's ids in OSCAL.
bool has_objectives(std::string_view framework) {
  return framework == "nist-800-53" || framework == "fedramp" || framework == "cjis";
}

}  // namespace

Framework framework_from_json(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) refuse("a file", "is no JSON");
  Fields fields(document, "a file");
  Framework framework;
  framework.id = fields.text("id");
  framework.name = fields.text("name");
  framework.version = fields.text("version");
  framework.source = fields.text("source");
  framework.note = fields.text("note");
  const json* controls = fields.find("controls");
  if (controls == nullptr || !controls->is_array() || controls->empty())
    refuse(framework.id, "needs a list of controls");
  fields.end();
  std::set<std::string> ids;
  for (const json& object : *controls) {
    const std::string id = object.is_object() ? object.value("id", std::string("?")) : std::string("?");
    framework.controls.push_back(control_from(object, framework.id + ":" + id, has_objectives(framework.id)));
    if (!ids.insert(id).second) refuse(framework.id + ":" + id, "is there twice");
  }
  return framework;
}

const std::vector<Framework>& catalogue() {
  static const std::vector<Framework> all = [] {
    std::vector<Framework> frameworks;
    for (const std::string_view text : catalogue_files()) frameworks.push_back(framework_from_json(text));
    return frameworks;
  }();
  return all;
}

const Framework* find_framework(std::string_view id) {
  const auto& all = catalogue();
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Framework& framework) { return framework.id == id; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace curfew::report
