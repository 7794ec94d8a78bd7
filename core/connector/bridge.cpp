#include "core/connector/bridge.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "core/base/text.hpp"
#include "core/connector/capabilities.hpp"
#include "core/jose/key_set.hpp"
#include "core/model/credential_rules.hpp"

namespace curfew::connector::bridge {
namespace {

constexpr std::uint64_t most_records = std::uint64_t{1} << 48;
constexpr Duration longest_ahead{std::chrono::hours(24)};
constexpr std::size_t longest_body = 1U << 20U;
constexpr std::size_t longest_schema = 256U << 10U;
constexpr std::uint32_t most_headers = 32;
constexpr std::size_t longest_header = 4096;

std::string_view view(curfew_bytes bytes) { return {bytes.data, bytes.size}; }

// Collects the first fault and lets the reading go on, so that each field is one line.
class Reader {
 public:
  explicit Reader(std::string& why) : why_(why) { why_.clear(); }

  [[nodiscard]] bool good() const { return why_.empty(); }
  void fail(std::string_view field, std::string_view what) {
    if (!good()) return;
    why_ = field;
    why_ += ' ';
    why_ += what;
  }

  [[nodiscard]] bool bounded(std::string_view field, curfew_bytes bytes, std::size_t longest) {
    if (bytes.size > longest) {
      fail(field, "is longer than " + std::to_string(longest) + " bytes");
      return false;
    }
    if (bytes.size > 0 && bytes.data == nullptr) {
      fail(field, "has a size but no data");
      return false;
    }
    return bytes.size > 0;
  }
  [[nodiscard]] std::string cleaned(std::string_view field, curfew_bytes bytes,
                                    std::size_t longest = CURFEW_MAX_FIELD_BYTES) {
    if (!bounded(field, bytes, longest)) return {};
    return base::is_clean_utf8(view(bytes)) ? std::string(view(bytes)) : base::to_clean_utf8(view(bytes));
  }
  [[nodiscard]] std::string exact(std::string_view field, curfew_bytes bytes, std::size_t longest) {
    if (!bounded(field, bytes, longest)) return {};
    if (!base::is_clean_utf8(view(bytes))) {
      fail(field, "is not valid UTF-8");
      return {};
    }
    return std::string(view(bytes));
  }
  [[nodiscard]] std::string required(std::string_view field, curfew_bytes bytes, std::size_t longest) {
    std::string text = exact(field, bytes, longest);
    if (text.empty()) fail(field, "is missing");
    return text;
  }
  template <typename E>
  [[nodiscard]] E named(std::string_view field, std::uint32_t value) {
    if (value >= model::Names<E>::all.size()) {
      fail(field, "has the value " + std::to_string(value) + ", which is none of the contract's");
      return E{};
    }
    return static_cast<E>(value);
  }
  [[nodiscard]] Time time(std::string_view field, std::int64_t micros, bool is_required) {
    if (micros == 0 && !is_required) return {};
    const Time time = base::from_micros(micros);
    if (time < base::earliest_time || time > base::latest_time) {
      fail(field, micros == 0 ? "is missing" : "is outside of the years 1990 to 2200");
      return {};
    }
    return time;
  }
  void identifiers(const curfew_identifier* first, std::uint32_t count, std::vector<model::NamedValue>& out,
                   std::uint32_t most = CURFEW_MAX_IDENTIFIERS) {
    if (count > most) {
      fail("identifier_count", "is more than " + std::to_string(most));
      return;
    }
    if (count > 0 && first == nullptr) {
      fail("identifiers", "has a count but no data");
      return;
    }
    out.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::string name_space = required("identifiers.name_space", first[i].name_space, 64);
      std::string value = cleaned("identifiers.value", first[i].value);
      if (value.empty()) fail("identifiers.value", "is missing");
      out.push_back({std::move(name_space), std::move(value)});
    }
  }

 private:
  std::string& why_;
};

model::SessionDigest digest_of(const curfew_session_digest& raw) {
  model::SessionDigest digest;
  std::copy(std::begin(raw.bytes), std::end(raw.bytes), digest.bytes.begin());
  return digest;
}

template <typename T>
bool fits(const T* raw, Reader& in) {
  if (raw == nullptr) {
    in.fail("the argument", "is a null pointer");
    return false;
  }
  // Bigger is a plugin of a later version: fields past ours are not looked at.
  if (raw->struct_size < sizeof(T)) {
    in.fail("struct_size",
            "is " + std::to_string(raw->struct_size) + ", less than " + std::to_string(sizeof(T)));
    return false;
  }
  return true;
}

bool is_json_object(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  return parser.parse(text.data(), text.size()).get(object) == simdjson::SUCCESS;
}

bool is_header_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_header_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c != '\x7F') || c < 0; });
}

}  // namespace

std::optional<model::Observation> read(const curfew_observation* raw, std::string& why) {
  Reader in(why);
  if (!fits(raw, in)) return std::nullopt;
  model::Observation o;
  o.type = in.named<model::ObservationType>("type", raw->type);
  o.occurred_at = in.time("occurred_at", raw->occurred_at, true);
  o.key = in.required("key", raw->key, CURFEW_MAX_FIELD_BYTES);
  o.session = digest_of(raw->session);
  o.linked_session = digest_of(raw->linked_session);
  o.handle = in.exact("handle", raw->handle, CURFEW_MAX_FIELD_BYTES);
  in.identifiers(raw->identifiers, raw->identifier_count, o.identifiers);
  o.account_type = in.named<model::AccountType>("account_type", raw->account_type);
  o.auth_method = in.named<model::AuthMethod>("auth_method", raw->auth_method);
  o.interactivity = in.named<model::Interactivity>("interactivity", raw->interactivity);
  o.end_reason = in.named<model::EndReason>("end_reason", raw->end_reason);
  if (raw->factors > 16) in.fail("factors", "is more than 16");
  o.factors = static_cast<std::uint8_t>(raw->factors);
  constexpr std::uint32_t known_flags =
      CURFEW_FLAG_FRESH_CREDENTIALS | CURFEW_FLAG_PRIVILEGED | CURFEW_FLAG_MACHINE | CURFEW_FLAG_END_INFERRED;
  if ((raw->flags & ~known_flags) != 0) in.fail("flags", "holds bits that are none of the contract's");
  o.fresh_credentials = (raw->flags & CURFEW_FLAG_FRESH_CREDENTIALS) != 0;
  o.privileged = (raw->flags & CURFEW_FLAG_PRIVILEGED) != 0;
  o.activity_class =
      (raw->flags & CURFEW_FLAG_MACHINE) != 0 ? model::ActivityClass::Machine : model::ActivityClass::Person;
  if ((raw->flags & CURFEW_FLAG_END_INFERRED) != 0) {
    if (!model::states_end(o.type)) in.fail("flags", "an inferred end of what is no end");
    o.end_certainty = model::Certainty::Inferred;
  }
  if (raw->count == 0 && o.type != model::ObservationType::Gap) in.fail("count", "is 0; one event counts 1");
  o.count = raw->count;
  o.expires_at = in.time("expires_at", raw->expires_at, false);
  o.device = in.cleaned("device", raw->device);
  o.address = in.cleaned("address", raw->address, 256);
  o.user_agent = in.cleaned("user_agent", raw->user_agent);
  o.application = in.cleaned("application", raw->application);
  o.failure = in.cleaned("failure", raw->failure);
  if (!in.good()) return std::nullopt;
  return o;
}

std::optional<CursorProgress> read(const curfew_progress* raw, Time now, std::string& why) {
  Reader in(why);
  if (!fits(raw, in)) return std::nullopt;
  CursorProgress p;
  p.name = in.required("name", raw->name, CURFEW_MAX_CURSOR_NAME);
  p.value = in.exact("value", raw->value, CURFEW_MAX_CURSOR_VALUE);
  if (raw->read > most_records || raw->filtered > raw->read || raw->unreadable > raw->read - raw->filtered) {
    in.fail("read", "is absurd, or less than filtered and unreadable together");
  }
  p.read = raw->read;
  p.filtered = raw->filtered;
  p.unreadable = raw->unreadable;
  p.observed_until = in.time("observed_until", raw->observed_until, false);
  if (p.observed_until > now + longest_ahead) in.fail("observed_until", "is more than a day ahead");
  constexpr std::uint32_t known_flags = CURFEW_PROGRESS_CAUGHT_UP | CURFEW_PROGRESS_FORGET;
  if ((raw->flags & ~known_flags) != 0) in.fail("flags", "holds bits that are none of the contract's");
  p.caught_up = (raw->flags & CURFEW_PROGRESS_CAUGHT_UP) != 0;
  p.forget = (raw->flags & CURFEW_PROGRESS_FORGET) != 0;
  if (!in.good()) return std::nullopt;
  return p;
}

std::optional<ListedSession> read(const curfew_listed_session* raw, std::string& why) {
  Reader in(why);
  if (!fits(raw, in)) return std::nullopt;
  ListedSession s;
  s.session = digest_of(raw->session);
  if (!s.session) in.fail("session", "is missing");
  s.handle = in.exact("handle", raw->handle, CURFEW_MAX_FIELD_BYTES);
  in.identifiers(raw->identifiers, raw->identifier_count, s.identifiers);
  s.started_at = in.time("started_at", raw->started_at, false);
  s.last_activity_at = in.time("last_activity_at", raw->last_activity_at, false);
  if (!in.good()) return std::nullopt;
  return s;
}

std::optional<GroupMembers> read(const curfew_group* raw, const std::vector<std::string>* allowed,
                                 std::string& why) {
  static_assert(most_group_names == CURFEW_MAX_GROUP_NAMES);
  Reader in(why);
  if (!fits(raw, in)) return std::nullopt;
  GroupMembers told;
  told.group = in.required("name", raw->name, CURFEW_MAX_FIELD_BYTES);
  if (in.good() && allowed != nullptr &&
      std::find(allowed->begin(), allowed->end(), told.group) == allowed->end())
    in.fail("name", "is '" + told.group + "', which is not among the source's tells_groups");
  in.identifiers(raw->names, raw->name_count, told.names, CURFEW_MAX_GROUP_NAMES);
  if (!in.good()) return std::nullopt;
  return told;
}

std::optional<Remembered> read_memory(curfew_bytes key, curfew_bytes value, std::int64_t expires_at,
                                      std::string& why) {
  Reader in(why);
  Remembered r;
  r.key = in.required("key", key, CURFEW_MAX_MEMORY_KEY);
  r.value = in.exact("value", value, CURFEW_MAX_MEMORY_VALUE);
  r.expires_at = in.time("expires_at", expires_at, !r.value.empty());
  if (!in.good()) return std::nullopt;
  return r;
}

std::optional<std::string> read_coverage(curfew_bytes json, std::string& why) {
  Reader in(why);
  std::string text = in.required("coverage", json, CURFEW_MAX_COVERAGE_BYTES);
  if (in.good() && !is_json_object(text)) in.fail("coverage", "is not a JSON object");
  if (!in.good()) return std::nullopt;
  return text;
}

std::optional<std::string> read_gate_rules(curfew_bytes json, std::string& why) {
  static_assert(CURFEW_MAX_GATE_RULES_BYTES == model::max_gate_rules_bytes);
  Reader in(why);
  std::string text = in.required("gate_rules", json, CURFEW_MAX_GATE_RULES_BYTES);
  if (!in.good() || !model::parse_credential_rules(text, why)) return std::nullopt;
  return text;
}

std::optional<std::string> read_gate_keys(curfew_bytes jwks, std::string& why) {
  Reader in(why);
  std::string text = in.required("gate_keys", jwks, CURFEW_MAX_GATE_KEYS_BYTES);
  if (!in.good()) return std::nullopt;
  try {
    if (jose::KeySet::parse(text).size() == 0) in.fail("gate_keys", "have no key that can verify a token");
  } catch (const jose::BadToken& wrong) {
    in.fail("gate_keys:", wrong.what());
  }
  if (!in.good()) return std::nullopt;
  return text;
}

std::optional<HttpAnswer> read_answer(curfew_bytes bytes, std::string& why) {
  Reader in(why);
  if (bytes.data == nullptr || bytes.size < sizeof(curfew_http_answer)) {
    in.fail("the answer", "is smaller than curfew_http_answer");
    return std::nullopt;
  }
  curfew_http_answer raw{};  // a copy, as nobody promised alignment
  std::memcpy(&raw, bytes.data, sizeof(raw));
  if (!fits(&raw, in)) return std::nullopt;
  HttpAnswer answer;
  if (raw.status < 200 || raw.status > 599) in.fail("status", "is not between 200 and 599");
  answer.status = raw.status;
  answer.content_type = in.exact("content_type", raw.content_type, 256);
  if (!is_header_value(answer.content_type)) in.fail("content_type", "holds a control character");
  if (in.bounded("body", raw.body, longest_body)) answer.body.assign(raw.body.data, raw.body.size);
  if (raw.header_count > most_headers || (raw.header_count > 0 && raw.headers == nullptr)) {
    in.fail("headers", "are more than 32, or missing");
    return std::nullopt;
  }
  for (std::uint32_t i = 0; i < raw.header_count; ++i) {
    std::string name = in.exact("headers.name", raw.headers[i].name, 128);
    std::string value = in.exact("headers.value", raw.headers[i].value, longest_header);
    if (!is_header_name(name) || !is_header_value(value))
      in.fail("headers", "hold a character that can't be sent");
    answer.headers.emplace_back(std::move(name), std::move(value));
  }
  if (!in.good()) return std::nullopt;
  return answer;
}

std::optional<model::IntrospectedToken> read_token_answer(curfew_bytes bytes, std::string& why) {
  Reader in(why);
  if (bytes.data == nullptr || bytes.size < sizeof(curfew_token_answer)) {
    in.fail("the answer", "is smaller than curfew_token_answer");
    return std::nullopt;
  }
  curfew_token_answer raw{};
  std::memcpy(&raw, bytes.data, sizeof(raw));
  if (!fits(&raw, in)) return std::nullopt;
  model::IntrospectedToken token;
  token.state = in.named<model::TokenState>("state", raw.state);
  if (!in.good()) return std::nullopt;
  if (token.state != model::TokenState::Active) return token;
  token.session = digest_of(raw.session);
  token.id = digest_of(raw.id);
  token.person.value = in.exact("subject.value", raw.subject.value, CURFEW_MAX_FIELD_BYTES);
  if (!token.person.value.empty())
    token.person.name_space =
        in.required("subject.name_space", raw.subject.name_space, CURFEW_MAX_FIELD_BYTES);
  token.issued_at = in.time("issued_at", raw.issued_at, false);
  token.expires_at = in.time("expires_at", raw.expires_at, false);
  if (!in.good()) return std::nullopt;
  return token;
}

std::string read_name(curfew_bytes bytes, std::size_t longest) {
  std::string why;
  Reader in(why);
  return in.exact("name", bytes, longest);
}

std::string read_text(curfew_bytes bytes, std::size_t longest) {
  if (bytes.data == nullptr) return {};
  return base::to_clean_utf8({bytes.data, std::min<std::size_t>(bytes.size, longest)});
}

std::string read_error(const curfew_error& error) {
  return base::to_clean_utf8({error.text, std::min<std::size_t>(error.text_size, CURFEW_MAX_ERROR_TEXT)});
}

std::vector<std::string> faults_of(const curfew_connector* connector) {
  std::vector<std::string> faults;
  if (connector == nullptr) return {"its exported function returned a null pointer; return the description"};
  const std::uint32_t size = connector->struct_size;
  // Nothing past the size may be read.
  if (size >= 2 * sizeof(std::uint32_t) && connector->abi_version != CURFEW_ABI_VERSION) {
    return {"it was built for ABI version " + std::to_string(connector->abi_version) +
            ", this Curfew speaks version " + std::to_string(CURFEW_ABI_VERSION) +
            "; rebuild it against this version's SDK"};
  }
  if (size < sizeof(curfew_connector) || size > 64 * sizeof(curfew_connector)) {
    return {"struct_size is " + std::to_string(size) + ", but this version's description has " +
            std::to_string(sizeof(curfew_connector)) +
            " bytes; set it to sizeof(curfew_connector) and rebuild against this version's SDK"};
  }
  if (connector->observation_schema != CURFEW_OBSERVATION_SCHEMA) {
    faults.push_back("it emits observation schema " + std::to_string(connector->observation_schema) +
                     ", this Curfew reads schema " + std::to_string(CURFEW_OBSERVATION_SCHEMA) +
                     "; rebuild it against this version's SDK");
  }
  if (connector->config_schema_version == 0) faults.emplace_back("config_schema_version is 0; begin with 1");

  std::string why;
  const auto text = [&](std::string_view field, curfew_bytes bytes, std::size_t longest) {
    Reader in(why);
    std::string value = in.required(field, bytes, longest);
    if (!in.good()) faults.push_back(why + "; correct the description");
    return value;
  };
  const std::string name = text("name", connector->name, 32);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && (name[0] < 'a' || name[0] > 'z' || !std::all_of(name.begin(), name.end(), allowed))) {
    faults.emplace_back("name must be lower-case letters, digits, '-' and '_', beginning with a letter");
  }
  text("version", connector->version, 64);
  const std::string description = text("description", connector->description, 256);
  if (description.find('\n') != std::string::npos) faults.emplace_back("description must be one line");
  const std::string schema = text("config_schema", connector->config_schema, longest_schema);
  if (!schema.empty() && !is_json_object(schema)) {
    faults.emplace_back("config_schema is not a JSON object; give a JSON Schema, at least {}");
  }
  for (std::string& fault : faults_of_conditions(schema, connector->capabilities))
    faults.push_back(std::move(fault));

  if (connector->create == nullptr) faults.emplace_back("create is missing");
  if (connector->start == nullptr) faults.emplace_back("start is missing");
  if (connector->wake == nullptr) faults.emplace_back("wake is missing");
  if (connector->stop == nullptr) faults.emplace_back("stop is missing");
  if (connector->destroy == nullptr) faults.emplace_back("destroy is missing");

  constexpr std::uint64_t steps = UINT64_C(0xFF) << 16;
  constexpr std::uint64_t known = steps | CURFEW_CAN_OBSERVE | CURFEW_CAN_LIST_SESSIONS | CURFEW_CAN_PROVE |
                                  CURFEW_CAN_RECEIVE_HTTP | CURFEW_CAN_CONCURRENT_ACTIONS |
                                  CURFEW_CAN_SHOW_ACTIVITY | CURFEW_CAN_TELL_GROUPS | CURFEW_CAN_INTROSPECT |
                                  CURFEW_CAN_REVOKE_PRESENTED;
  const std::uint64_t can = connector->capabilities;
  if ((can & ~known) != 0) faults.emplace_back("capabilities hold bits that are none of the contract's");
  const auto agree = [&](std::uint64_t bits, bool function, std::string_view what) {
    if (((can & bits) != 0) == function) return;
    faults.push_back(function ? "it has the function " + std::string(what) +
                                    " but not its capability bit; declare it"
                              : "it declares a capability without the function " + std::string(what) +
                                    "; provide it, or clear the bit");
  };
  agree(CURFEW_CAN_OBSERVE, connector->poll != nullptr, "poll");
  agree(CURFEW_CAN_LIST_SESSIONS, connector->list_sessions != nullptr, "list_sessions");
  agree(CURFEW_CAN_PROVE, connector->prove != nullptr, "prove");
  agree(CURFEW_CAN_RECEIVE_HTTP, connector->http != nullptr, "http");
  agree(steps, connector->act != nullptr, "act");
  agree(CURFEW_CAN_INTROSPECT, connector->introspect != nullptr, "introspect");
  agree(CURFEW_CAN_REVOKE_PRESENTED, connector->revoke_presented != nullptr, "revoke_presented");
  return faults;
}

}  // namespace curfew::connector::bridge
