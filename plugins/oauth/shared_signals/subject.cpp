#include "plugins/oauth/shared_signals/subject.hpp"

#include <algorithm>
#include <array>

#include "plugins/files/text.hpp"
#include "plugins/oauth/shared_signals/refusal.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;

constexpr std::size_t longest_text = 512;
constexpr std::size_t most_addresses = 64;

[[noreturn]] void wrong(const std::string& what) {
  throw RefusedEvent(Refusal::InvalidRequest, "`sub_id`: " + what);
}

// One subject identifier.
struct Identifier {
  std::string format;
  std::string value;                // what identifies it, as its format has it
  std::string issuer;               // iss_sub, jwt_id, saml_assertion_id
  std::vector<Identifier> aliases;  // format aliases
};

std::string phone_digits(const std::string& number) {
  std::string out;
  for (const char c : number) {
    if ((c >= '0' && c <= '9') || (c == '+' && out.empty())) {
      out += c;
    } else if (std::string_view(" -.()").find(c) == std::string_view::npos) {
      wrong("`phone_number` is no number");
    }
  }
  if (out.size() < 3 || out.size() > 20) wrong("`phone_number` is no number");
  return out;
}

Identifier read_identifier(const json& object, bool within_aliases);

Identifier read_aliases(const json& object) {
  Identifier out;
  out.format = "aliases";
  const auto found = object.find("identifiers");
  if (found == object.end() || !found->is_array() || found->empty() || found->size() > most_aliases)
    wrong("`identifiers` must be a list of 1 to " + std::to_string(most_aliases) + " subject identifiers");
  for (const json& one : *found) out.aliases.push_back(read_identifier(one, true));
  return out;
}

Identifier read_identifier(const json& object, bool within_aliases) {
  if (!object.is_object()) wrong("a subject identifier is no JSON object");
  Identifier out;
  out.format = text_of(object, "format");
  if (out.format == "aliases") {
    if (within_aliases) wrong("aliases within aliases");
    return read_aliases(object);
  }
  if (out.format == "iss_sub") {
    out.issuer = text_of(object, "iss");
    out.value = text_of(object, "sub");
  } else if (out.format == "email") {
    out.value = text_of(object, "email");
    const std::size_t at = out.value.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == out.value.size()) wrong("`email` is no address");
  } else if (out.format == "account") {
    out.value = text_of(object, "uri");
    constexpr std::string_view scheme = "acct:";
    if (!out.value.starts_with(scheme) || out.value.size() == scheme.size())
      wrong("`uri` of an account must begin with acct:");
    out.value.erase(0, scheme.size());
  } else if (out.format == "phone_number") {
    out.value = phone_digits(text_of(object, "phone_number"));
  } else if (out.format == "opaque") {
    out.value = text_of(object, "id");
  } else if (out.format == "did") {
    out.value = text_of(object, "url");
    if (!out.value.starts_with("did:")) wrong("`url` of a did must begin with did:");
  } else if (out.format == "uri") {
    out.value = text_of(object, "uri");
  } else if (out.format == "jwt_id") {
    out.issuer = text_of(object, "iss");
    out.value = text_of(object, "jti");
  } else if (out.format == "saml_assertion_id") {
    out.issuer = text_of(object, "issuer");
    out.value = text_of(object, "assertion_id");
  } else if (out.format == "ip-addresses") {
    const auto found = object.find("ip-addresses");
    if (found == object.end() || !found->is_array() || found->size() > most_addresses ||
        !std::all_of(found->begin(), found->end(), [](const json& one) { return one.is_string(); }))
      wrong("`ip-addresses` must be a list of at most " + std::to_string(most_addresses) + " addresses");
  } else if (out.format == "complex") {
    wrong("a complex subject within another one");
  }
  return out;
}

void add_names(const Identifier& one, const Naming& naming, std::vector<SightingName>& names) {
  const auto add = [&](std::string_view name_space, const std::string& value) {
    SightingName name{std::string(name_space), value};
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    // Issuer and sub are who it is, for good.
    names.insert(name_space == subject_namespace ? names.begin() : names.end(), std::move(name));
  };
  if (one.format == "iss_sub") add(subject_namespace, one.issuer + "#" + one.value);
  if (one.format == "email") add(naming.email_namespace, one.value);
  if (one.format == "account") add(naming.user_namespace(one.value), one.value);
  if (one.format == "phone_number") add("phone", one.value);
  if (one.format == "opaque") add("ssf_opaque", naming.issuer + "#" + one.value);
  if (one.format == "did") add("did", one.value);
  if (one.format == "uri") add("uri", one.value);
  for (const Identifier& alias : one.aliases) add_names(alias, naming, names);
}

// Of a session or a tenant: what may be compared with what else is known of it.
std::string plain_id(const Identifier& one) {
  return one.format == "opaque" || one.format == "uri" ? one.value : std::string();
}

void add_tenants(const Identifier& one, std::vector<std::string>& tenants) {
  if (one.format == "iss_sub") tenants.push_back(one.issuer + "#" + one.value);
  if (const std::string id = plain_id(one); !id.empty()) tenants.push_back(id);
  for (const Identifier& alias : one.aliases) add_tenants(alias, tenants);
}

Subject read_complex(const json& object, const Naming& naming) {
  Subject out;
  if (object.size() > most_members) wrong("a complex subject has too many members");
  for (const auto& [member, value] : object.items()) {
    if (member == "format") continue;
    if (!files::is_clean_utf8(member) || member.size() > longest_text) wrong("a member's name is no text");
    const Identifier one = read_identifier(value, false);
    out.members.push_back(member);
    if (member == "user") add_names(one, naming, out.names);
    if (member == "session") out.session = plain_id(one);
    if (member == "tenant") add_tenants(one, out.tenants);
  }
  if (out.members.empty()) wrong("a complex subject has no member");
  return out;
}

}  // namespace

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    throw RefusedEvent(Refusal::InvalidRequest, std::string("`") + name + "` is missing or no text");
  std::string text = found->get<std::string>();
  if (text.empty() || text.size() > longest_text || !files::is_clean_utf8(text))
    throw RefusedEvent(Refusal::InvalidRequest,
                       std::string("`") + name + "` is empty, too long or has characters that are none");
  return text;
}

Subject read_subject(const json& subject, const Naming& naming, SubjectIs kind) {
  if (!subject.is_object())
    throw RefusedEvent(Refusal::InvalidRequest, "`sub_id` is missing or no JSON object");
  if (subject.value("format", json()) == "complex") return read_complex(subject, naming);
  const Identifier one = read_identifier(subject, false);
  Subject out;
  if (one.format == "opaque" && kind == SubjectIs::Session) {
    out.session = one.value;
  } else if (one.format == "opaque" && kind == SubjectIs::Stream) {
    out.stream = one.value;
  } else {
    add_names(one, naming, out.names);
  }
  return out;
}

}  // namespace curfew::oauth::shared_signals
