#include "core/outlet/receiver_bodies.hpp"

#include <simdjson.h>

#include <algorithm>

#include "core/base/text.hpp"

namespace curfew::outlet {
namespace {

using simdjson::dom::element;

constexpr std::size_t deepest = 16;
constexpr std::size_t longest_text = 2'048;
constexpr std::size_t longest_state = 1'024;
constexpr std::size_t longest_code = 64;
constexpr std::size_t most_texts = 100;
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

DeliveryBody read_delivery(element value) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) wrong("delivery", "must be an object");
  Body::check_members(object);
  DeliveryBody delivery;
  delivery.method = required_text(object, "method");
  delivery.endpoint = text_in(object, "endpoint_url").value_or("");
  if (auto header = text_in(object, "authorization_header"); header && !header->empty())
    delivery.authorization = header_value(std::move(*header), "authorization_header");
  return delivery;
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
