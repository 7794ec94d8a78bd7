#include "core/ledger/opening.hpp"

#include <simdjson.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {
namespace {

[[noreturn]] void broken(const std::string& what) {
  throw Error(ErrorKind::Corrupt, "ledger: the stream's opening entry: " + what);
}

std::string text_at(simdjson::dom::object object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) broken(std::string(key) + " is not a text");
  return std::string(text);
}

std::uint64_t number_at(simdjson::dom::object object, std::string_view key) {
  std::uint64_t number = 0;
  if (object[key].get(number) != simdjson::SUCCESS) broken(std::string(key) + " is not a number");
  return number;
}

KnownHead head_from(simdjson::dom::object object) {
  KnownHead head;
  head.origin = text_at(object, "stream");
  head.size = number_at(object, "size");
  const auto root = base::from_hex(text_at(object, "root"));
  if (!root || root->size() != hash_bytes) broken("root is not 64 hex digits");
  head.root = digest_from_bytes(*root);
  return head;
}

}  // namespace

model::Entry opening_entry(const Opening& opening, Time now) {
  check_stream_id(opening.id);
  model::Entry entry;
  entry.kind = model::EntryKind::StreamOpened;
  entry.engine_time = now;
  entry.occurred_at = now;
  std::string& out = entry.facts;
  out += "{\"node\":";
  base::append_json_string(out, opening.id.node);
  out += ",\"epoch\":" + std::to_string(opening.id.epoch) + ",\"verifier_key\":";
  base::append_json_string(out, opening.verifier_key);
  if (opening.predecessor) {
    out += ",\"predecessor\":{\"stream\":";
    base::append_json_string(out, opening.predecessor->origin);
    out += ",\"size\":" + std::to_string(opening.predecessor->size) + ",\"root\":\"" +
           base::to_hex(opening.predecessor->root) + "\"}";
  }
  out += '}';
  return entry;
}

KnownHead known_head(std::string_view checkpoint, std::string_view verifier_key) {
  const VerifierKey key = VerifierKey::parse(verifier_key);
  const Checkpoint parsed = parse_checkpoint(open_note(checkpoint, {&key, 1}).text);
  return {parsed.origin, parsed.size, parsed.root};
}

Opening parse_opening(std::string_view facts) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(facts.data(), facts.size()).get(object) != simdjson::SUCCESS)
    broken("it is not a JSON object");
  Opening out;
  out.id.node = text_at(object, "node");
  const std::uint64_t epoch = number_at(object, "epoch");
  if (epoch == 0 || epoch > UINT32_MAX) broken("epoch is out of range");
  out.id.epoch = static_cast<std::uint32_t>(epoch);
  out.verifier_key = text_at(object, "verifier_key");
  simdjson::dom::element predecessor;
  if (object["predecessor"].get(predecessor) == simdjson::SUCCESS) {
    simdjson::dom::object head;
    if (predecessor.get(head) != simdjson::SUCCESS) broken("predecessor is not an object");
    out.predecessor = head_from(head);
    const auto origin = parse_origin(out.predecessor->origin);
    if (!origin) broken("predecessor names no stream");
  }
  return out;
}

}  // namespace curfew::ledger
