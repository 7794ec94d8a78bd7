#include <simdjson.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/model/entry.hpp"
#include "core/model/facts.hpp"

namespace curfew::model {
namespace {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) { out_ += '{'; }
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    base::append_json_string(out_, value);
  }
  void number(std::string_view key, std::int64_t value) {
    begin(key);
    out_ += std::to_string(value);
  }
  void flag(std::string_view key, bool value) {
    if (!value) return;
    begin(key);
    out_ += "true";
  }
  template <typename E>
  void name(std::string_view key, E value) {
    if (value != E{}) text(key, name_of(value));
  }
  void begin(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

[[noreturn]] void broken(std::string_view where, std::string_view what) {
  throw Error(ErrorKind::Corrupt, "facts: " + std::string(where) + ": " + std::string(what));
}

std::string_view as_text(std::string_view key, simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) broken(key, "is not a text");
  return text;
}

std::int64_t as_number(std::string_view key, simdjson::dom::element value, std::int64_t most) {
  std::int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < 0 || number > most)
    broken(key, "is not a number in range");
  return number;
}

bool as_flag(std::string_view key, simdjson::dom::element value) {
  bool flag = false;
  if (value.get(flag) != simdjson::SUCCESS) broken(key, "is not true or false");
  return flag;
}

template <typename E>
E as_name(std::string_view key, simdjson::dom::element value) {
  const auto parsed = parse<E>(as_text(key, value));
  if (!parsed) broken(key, "is not a known name");
  return *parsed;
}

Ref as_ref(std::string_view key, simdjson::dom::element value) {
  const auto ref = parse_ref(as_text(key, value));
  if (!ref) broken(key, "is not a reference");
  return *ref;
}

void read_identifiers(Facts& facts, simdjson::dom::element value, Symbols& symbols) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS || list.size() > max_identifiers)
    broken("ids", "is not a short list");
  for (const auto item : list) {
    simdjson::dom::array pair;
    if (item.get(pair) != simdjson::SUCCESS || pair.size() != 2)
      broken("ids", "holds something else than pairs");
    facts.identifiers[facts.identifier_count++] = {symbols.intern(as_text("ids", pair.at(0))),
                                                   as_ref("ids", pair.at(1))};
  }
}

// Room for simdjson to read past the end without a copy at each call.
thread_local simdjson::dom::parser json_parser;

simdjson::dom::object parse_object(std::string_view json) {
  simdjson::dom::object object;
  if (json_parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) {
    broken("text", "is not a JSON object");
  }
  return object;
}

}  // namespace

std::string to_json(const Facts& facts, const Symbols& symbols) {
  std::string out;
  out.reserve(256);
  Writer w(out);
  w.text("type", name_of(facts.type));
  if (facts.identifier_count > 0) {
    w.begin("ids");
    out += '[';
    for (std::size_t i = 0; i < facts.identifier_count; ++i) {
      if (i > 0) out += ',';
      out += '[';
      base::append_json_string(out, symbols.text(facts.identifiers[i].name_space));
      out += ",\"";
      out += to_text(facts.identifiers[i].value);
      out += "\"]";
    }
    out += ']';
  }
  w.name("account_type", facts.account_type);
  w.text("application", symbols.text(facts.application));
  w.text("device", to_text(facts.device));
  w.text("address", to_text(facts.address));
  w.name("network", facts.network);
  w.text("user_agent", to_text(facts.user_agent));
  w.name("activity_class", facts.activity_class);
  w.name("auth_method", facts.auth_method);
  w.name("interactivity", facts.interactivity);
  w.flag("fresh_credentials", facts.fresh_credentials);
  if (facts.factors != 0) w.number("factors", facts.factors);
  w.flag("privileged", facts.privileged);
  w.name("end_reason", facts.end_reason);
  w.name("end_certainty", facts.end_certainty);
  w.text("failure", symbols.text(facts.failure));
  if (facts.count != 1) w.number("count", facts.count);
  if (facts.expires_at != Time{}) w.number("expires_at", base::to_micros(facts.expires_at));
  w.text("linked_session", to_text(facts.linked_session));
  w.end();
  return out;
}

Facts facts_from_json(std::string_view json, Symbols& symbols) {
  Facts facts;
  bool typed = false;
  for (const auto [key, value] : parse_object(json)) {
    if (key == "type") {
      facts.type = as_name<ObservationType>(key, value);
      typed = true;
    } else if (key == "ids")
      read_identifiers(facts, value, symbols);
    else if (key == "account_type")
      facts.account_type = as_name<AccountType>(key, value);
    else if (key == "application")
      facts.application = symbols.intern(as_text(key, value));
    else if (key == "device")
      facts.device = as_ref(key, value);
    else if (key == "address")
      facts.address = as_ref(key, value);
    else if (key == "network")
      facts.network = as_name<NetworkClass>(key, value);
    else if (key == "user_agent")
      facts.user_agent = as_ref(key, value);
    else if (key == "activity_class")
      facts.activity_class = as_name<ActivityClass>(key, value);
    else if (key == "auth_method")
      facts.auth_method = as_name<AuthMethod>(key, value);
    else if (key == "interactivity")
      facts.interactivity = as_name<Interactivity>(key, value);
    else if (key == "fresh_credentials")
      facts.fresh_credentials = as_flag(key, value);
    else if (key == "factors")
      facts.factors = static_cast<std::uint8_t>(as_number(key, value, 255));
    else if (key == "privileged")
      facts.privileged = as_flag(key, value);
    else if (key == "end_reason")
      facts.end_reason = as_name<EndReason>(key, value);
    else if (key == "end_certainty")
      facts.end_certainty = as_name<Certainty>(key, value);
    else if (key == "failure")
      facts.failure = symbols.intern(as_text(key, value));
    else if (key == "count")
      facts.count = static_cast<std::uint32_t>(as_number(key, value, 0xFFFF'FFFF));
    else if (key == "expires_at") {
      facts.expires_at = base::from_micros(as_number(key, value, base::to_micros(base::latest_time)));
    } else if (key == "linked_session") {
      const auto digest = parse_session_digest(as_text(key, value));
      if (!digest) broken(key, "is not a session digest");
      facts.linked_session = *digest;
    } else {
      broken(key, "is not a known field");
    }
  }
  if (!typed) broken("type", "is missing");
  return facts;
}

std::string to_json(const std::vector<PersonalValue>& values) {
  std::string out = "[";
  for (const PersonalValue& value : values) {
    if (out.size() > 1) out += ',';
    Writer w(out);
    w.text("ref", to_text(value.ref));
    w.text("kind", name_of(value.kind));
    w.text("namespace", value.name_space);
    w.text("value", value.value);
    w.end();
  }
  out += ']';
  return out;
}

std::vector<PersonalValue> personal_values_from_json(std::string_view json) {
  simdjson::dom::array list;
  if (json_parser.parse(json.data(), json.size()).get(list) != simdjson::SUCCESS) {
    broken("personal values", "are not a JSON array");
  }
  std::vector<PersonalValue> values;
  for (const auto item : list) {
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) broken("personal values", "hold something else than objects");
    PersonalValue& value = values.emplace_back();
    for (const auto [key, field] : object) {
      if (key == "ref")
        value.ref = as_ref(key, field);
      else if (key == "kind")
        value.kind = as_name<PersonalKind>(key, field);
      else if (key == "namespace")
        value.name_space = as_text(key, field);
      else if (key == "value")
        value.value = as_text(key, field);
      else
        broken(key, "is not a known field of a personal value");
    }
  }
  return values;
}

}  // namespace curfew::model
