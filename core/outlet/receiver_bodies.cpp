#include "core/outlet/receiver_bodies.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <simdjson.h>

#include <algorithm>
#include <initializer_list>

#include "core/base/text.hpp"
#include "core/outlet/stream_subjects.hpp"

namespace curfew::outlet {
namespace {

using simdjson::dom::element;

constexpr std::size_t deepest = 16;
constexpr std::size_t longest_text = 2'048;
constexpr std::size_t longest_state = 1'024;
constexpr std::size_t longest_code = 64;
constexpr std::size_t most_texts = 100;
constexpr std::size_t most_aliases = 8;  // no event has more
constexpr std::size_t most_ids = most_pending;

[[noreturn]] void wrong(std::string_view name, const std::string& what) {
  throw BodyError("'" + std::string(name) + "' " + what);
}

class Body {
 public:
  explicit Body(std::string_view text) {
    if (parser_.allocate(std::max<std::size_t>(text.size(), 1), deepest) != simdjson::SUCCESS)
      throw BodyError("the body can't be parsed");
    element root;
    if (const auto error = parser_.parse(text.data(), text.size()).get(root); error != simdjson::SUCCESS)
      throw BodyError(error == simdjson::DEPTH_ERROR
                          ? "the body nests too deep"
                          : "the body is no JSON: " + std::string(simdjson::error_message(error)));
    if (root.get(object_) != simdjson::SUCCESS) throw BodyError("the body is no JSON object");
    check_members(object_);
  }
  [[nodiscard]] const simdjson::dom::object& object() const { return object_; }

  // A member that is there twice would mean to one reader what it doesn't to another.
  static void check_members(const simdjson::dom::object& object) {
    std::vector<std::string_view> names;
    for (const auto field : object) {
      if (names.size() == most_ids) throw BodyError("an object has too many members");
      names.push_back(field.key);
    }
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) != names.end())
      throw BodyError("a member is there twice");
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::object object_;
};

std::optional<element> member(const simdjson::dom::object& object, std::string_view name) {
  element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

std::string text_of(element value, std::string_view name, std::size_t longest = longest_text) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) wrong(name, "must be a text");
  if (text.size() > longest) wrong(name, "must have at most " + std::to_string(longest) + " bytes");
  if (!base::is_clean_utf8(text)) wrong(name, "must be UTF-8 without NUL");
  return std::string(text);
}

std::optional<std::string> text_in(const simdjson::dom::object& object, std::string_view name,
                                   std::size_t longest = longest_text) {
  const auto value = member(object, name);
  if (!value) return std::nullopt;
  return text_of(*value, name, longest);
}

std::vector<std::string> texts_of(element value, std::string_view name, std::size_t most) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) wrong(name, "must be a list of texts");
  std::vector<std::string> texts;
  for (const element one : list) {
    if (texts.size() == most) wrong(name, "has more than " + std::to_string(most) + " texts");
    texts.push_back(text_of(one, name));
  }
  return texts;
}

bool flag_in(const simdjson::dom::object& object, std::string_view name) {
  const auto value = member(object, name);
  bool flag = false;
  if (value && value->get(flag) != simdjson::SUCCESS) wrong(name, "must be true or false");
  return flag;
}

std::string required_text(const simdjson::dom::object& object, std::string_view name) {
  auto text = text_in(object, name);
  if (!text || text->empty()) wrong(name, "is missing");
  return std::move(*text);
}

// What stands in a header of ours: nothing that could end it.
std::string header_value(std::string text, std::string_view name) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (text.empty() || !printable) wrong(name, "must be a header's value: printable ASCII");
  return text;
}

simdjson::dom::object object_of(element value, std::string_view name) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) wrong(name, "must be an object");
  Body::check_members(object);
  return object;
}

DeliveryBody read_delivery(element value) {
  const simdjson::dom::object object = object_of(value, "delivery");
  DeliveryBody delivery;
  delivery.method = required_text(object, "method");
  delivery.endpoint = text_in(object, "endpoint_url").value_or("");
  if (auto header = text_in(object, "authorization_header"); header && !header->empty())
    delivery.authorization = header_value(std::move(*header), "authorization_header");
  return delivery;
}

void has_only(const simdjson::dom::object& object, std::initializer_list<std::string_view> members) {
  for (const auto field : object) {
    if (field.key != "format" && std::find(members.begin(), members.end(), field.key) == members.end())
      wrong("subject", "has a member that its format does not have");
  }
}

// The account of an acct: URI (RFC 7565).
std::string account_of(const std::string& uri) {
  constexpr std::string_view scheme = "acct:";
  if (base::to_lower_ascii(uri.substr(0, scheme.size())) != scheme) wrong("uri", "must be an acct: URI");
  std::string account;
  try {
    Poco::URI::decode(uri.substr(scheme.size()), account, false);
  } catch (const Poco::SyntaxException&) {
    wrong("uri", "has a '%' without two hexadecimal digits");
  }
  if (account.empty() || !base::is_clean_utf8(account)) wrong("uri", "must have an account, in UTF-8");
  return account;
}

SubjectIdentifier read_simple(const simdjson::dom::object& object) {
  SubjectIdentifier one;
  one.format = required_text(object, "format");
  const auto take = [&](std::string_view name_space, std::string value) {
    one.name = {std::string(name_space), std::move(value)};
  };
  if (one.format == "opaque") {
    has_only(object, {"id"});
    take(reference_name_space, required_text(object, "id"));
  } else if (one.format == "email") {
    has_only(object, {"email"});
    take("email", required_text(object, "email"));
    const std::size_t at = one.name.value.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == one.name.value.size())
      wrong("email", "must be an address");
  } else if (one.format == "iss_sub") {
    has_only(object, {"iss", "sub"});
    const std::string issuer = required_text(object, "iss");
    if (issuer.find('#') != std::string::npos) wrong("iss", "must have no fragment");
    take("oidc_subject", issuer + "#" + required_text(object, "sub"));
  } else if (one.format == "account") {
    has_only(object, {"uri"});
    take("upn", account_of(required_text(object, "uri")));
  } else if (one.format == "phone_number") {
    has_only(object, {"phone_number"});
    take("phone", required_text(object, "phone_number"));
  } else {
    wrong("subject",
          "must be of the format opaque, iss_sub, email, account or phone_number, be 'aliases' of "
          "these, or 'complex' with one of these as its 'user'");
  }
  return one;
}

std::vector<SubjectIdentifier> read_person(const simdjson::dom::object& object) {
  if (required_text(object, "format") != "aliases") return {read_simple(object)};
  has_only(object, {"identifiers"});
  simdjson::dom::array list;
  const auto identifiers = member(object, "identifiers");
  if (!identifiers || identifiers->get(list) != simdjson::SUCCESS)
    wrong("identifiers", "must be a list of subject identifiers");
  std::vector<SubjectIdentifier> all;
  for (const element one : list) {
    if (all.size() == most_aliases)
      wrong("identifiers", "has more than " + std::to_string(most_aliases) + " subject identifiers");
    all.push_back(read_simple(object_of(one, "identifiers")));
  }
  if (all.empty()) wrong("identifiers", "is empty");
  return all;
}

// An event's subject is complex: its user is the person that is added or removed. To narrow that to a session
// would also match the events that name none (section 8.1.3.1), so it is not taken.
std::vector<SubjectIdentifier> read_subject(const simdjson::dom::object& object) {
  if (required_text(object, "format") != "complex") return read_person(object);
  const auto user = member(object, "user");
  if (!user) wrong("subject", "of the format complex must have a 'user'");
  for (const auto field : object) {
    if (field.key != "format" && field.key != "user")
      wrong("subject", "of the format complex must have a 'user' and nothing beside it");
  }
  return read_person(object_of(*user, "user"));
}

}  // namespace

StreamBody parse_stream_body(std::string_view text) {
  const Body body(text);
  const simdjson::dom::object& object = body.object();
  StreamBody stream;
  stream.stream_id = text_in(object, "stream_id").value_or("");
  stream.issuer = text_in(object, "iss").value_or("");
  if (const auto audience = member(object, "aud")) {
    if (audience->is_string())
      stream.audiences = {text_of(*audience, "aud")};
    else
      stream.audiences = texts_of(*audience, "aud", most_texts);
  }
  if (const auto delivery = member(object, "delivery")) stream.delivery = read_delivery(*delivery);
  if (const auto requested = member(object, "events_requested"))
    stream.requested = texts_of(*requested, "events_requested", most_texts);
  stream.description = text_in(object, "description");
  return stream;
}

StatusBody parse_status_body(std::string_view text) {
  const Body body(text);
  StatusBody status;
  status.stream_id = required_text(body.object(), "stream_id");
  const auto word = model::parse<StreamStatus>(required_text(body.object(), "status"));
  if (!word) wrong("status", "must be enabled, paused or disabled");
  status.status = *word;
  status.reason = text_in(body.object(), "reason").value_or("");
  return status;
}

VerificationBody parse_verification_body(std::string_view text) {
  const Body body(text);
  VerificationBody verification;
  verification.stream_id = required_text(body.object(), "stream_id");
  verification.state = text_in(body.object(), "state", longest_state);
  return verification;
}

SubjectBody parse_subject_body(std::string_view text) {
  const Body body(text);
  SubjectBody subject;
  subject.stream_id = required_text(body.object(), "stream_id");
  const auto value = member(body.object(), "subject");
  if (!value) wrong("subject", "is missing");
  subject.identifiers = read_subject(object_of(*value, "subject"));
  (void)flag_in(body.object(), "verified");
  return subject;
}

PollBody parse_poll_body(std::string_view text) {
  const Body body(text);
  const simdjson::dom::object& object = body.object();
  PollBody poll;
  if (const auto most = member(object, "maxEvents")) {
    std::uint64_t number = 0;
    if (most->get(number) != simdjson::SUCCESS) wrong("maxEvents", "must be a whole number, 0 or more");
    poll.most = static_cast<std::size_t>(std::min<std::uint64_t>(number, most_polled));
  }
  poll.returns_at_once = flag_in(object, "returnImmediately");
  if (const auto acknowledged = member(object, "ack"))
    poll.acknowledged = texts_of(*acknowledged, "ack", most_ids);
  if (const auto refused = member(object, "setErrs")) {
    simdjson::dom::object list;
    if (refused->get(list) != simdjson::SUCCESS) wrong("setErrs", "must be an object");
    Body::check_members(list);
    for (const auto field : list) {
      simdjson::dom::object complaint;
      if (field.value.get(complaint) != simdjson::SUCCESS)
        wrong("setErrs", "must hold an object for each id");
      if (!base::is_clean_utf8(field.key) || field.key.size() > longest_text)
        wrong("setErrs", "has an id that is none");
      poll.refused.push_back({std::string(field.key), text_in(complaint, "err", longest_code).value_or("")});
    }
  }
  return poll;
}

}  // namespace curfew::outlet
