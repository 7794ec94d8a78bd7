#include "core/outlet/stream_state.hpp"

#include <algorithm>
#include <set>

#include "core/model/json_reading.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

using model::read;
using report::JsonWriter;

void write_place(JsonWriter& json, const store::Place& place) {
  json.number("stream", place.stream).number("sequence", place.sequence);
}

bool read_place(std::string_view key, simdjson::dom::element value, store::Place& place) {
  if (key == "stream")
    read(value, key, place.stream);
  else if (key == "sequence")
    read(value, key, place.sequence);
  else
    return false;
  return true;
}

void read_optional(std::string_view key, simdjson::dom::element value, std::optional<std::string>& to) {
  read(value, key, to.emplace());
}

Pending read_pending(simdjson::dom::element from) {
  Pending pending;
  for (const auto [key, value] : model::json_object(from, "pending")) {
    if (key == "id")
      read(value, key, pending.id);
    else if (key == "state")
      read_optional(key, value, pending.state);
    else if (key == "disclosed")
      read(value, key, pending.disclosed);
    else if (!read_place(key, value, pending.place))
      model::corrupt_field(key, "is no field of what waits");
  }
  return pending;
}

AskedVerification read_asked(simdjson::dom::element from) {
  AskedVerification asked;
  for (const auto [key, value] : model::json_object(from, "asked")) {
    if (key == "id")
      read(value, key, asked.id);
    else if (key == "state")
      read_optional(key, value, asked.state);
    else if (!read_place(key, value, asked.after))
      model::corrupt_field(key, "is no field of a verification");
  }
  return asked;
}

}  // namespace

std::string to_json(const StreamState& state) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().text("id", state.id).text("delivery", model::name_of(state.delivery));
  json.text("endpoint", state.endpoint).text("secret_file", state.secret_file);
  json.text("description", state.description).texts("requested", state.requested);
  json.text("status", model::name_of(state.status)).text("status_reason", state.status_reason);
  json.text("default_subjects", model::name_of(state.default_subjects));
  json.number("verified_at", base::to_micros(state.verified_at));
  if (state.asked) {
    json.begin_object("asked").text("id", state.asked->id);
    if (state.asked->state) json.text("state", *state.asked->state);
    write_place(json, state.asked->after);
    json.end();
  }
  json.begin_array("pending");
  for (const Pending& pending : state.pending) {
    json.begin_object().text("id", pending.id);
    write_place(json, pending.place);
    if (pending.state) json.text("state", *pending.state);
    if (pending.disclosed) json.flag("disclosed", true);
    json.end();
  }
  json.end().end();
  return text;
}

StreamState stream_state_from_json(std::string_view json) {
  StreamState state;
  simdjson::dom::parser parser;
  for (const auto [key, value] : model::json_object(parser, json, "a stream")) {
    if (key == "id") {
      read(value, key, state.id);
    } else if (key == "delivery") {
      read(value, key, state.delivery);
    } else if (key == "endpoint") {
      read(value, key, state.endpoint);
    } else if (key == "secret_file") {
      read(value, key, state.secret_file);
    } else if (key == "description") {
      read(value, key, state.description);
    } else if (key == "requested") {
      read(value, key, state.requested);
    } else if (key == "status") {
      read(value, key, state.status);
    } else if (key == "status_reason") {
      read(value, key, state.status_reason);
    } else if (key == "default_subjects") {
      read(value, key, state.default_subjects);
    } else if (key == "verified_at") {
      read(value, key, state.verified_at);
    } else if (key == "asked") {
      state.asked = read_asked(value);
    } else if (key == "pending") {
      simdjson::dom::array list;
      if (value.get(list) != simdjson::SUCCESS) model::corrupt_field(key, "is not a list");
      for (const auto one : list) state.pending.push_back(read_pending(one));
    } else {
      model::corrupt_field(key, "is no field of a stream");
    }
  }
  return state;
}

std::size_t settle(StreamState& state, const std::vector<std::string>& ids) {
  const std::set<std::string_view> over(ids.begin(), ids.end());
  const auto gone = std::remove_if(state.pending.begin(), state.pending.end(),
                                   [&](const Pending& one) { return over.contains(one.id); });
  const auto count = static_cast<std::size_t>(state.pending.end() - gone);
  state.pending.erase(gone, state.pending.end());
  return count;
}

}  // namespace curfew::outlet
