#include "plugins/windows/push/push_body.hpp"

#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/windows/input.hpp"
#include "plugins/windows/json_reader.hpp"
#include "plugins/windows/text.hpp"
#include "plugins/windows/text_reader.hpp"

namespace curfew::windows {
namespace {

class Collect final : public RecordSink {
 public:
  void event(WindowsEvent&& event) override { records_.push_back({std::move(event), {}, {}}); }
  void recovered(WindowsEvent&&) override {}
  void recovered_torn() override {}
  void unreadable(std::string_view place, std::string_view why, std::uint64_t) override {
    records_.push_back({std::nullopt, std::string(place), std::string(why)});
  }
  void other_line() override { records_.emplace_back(); }
  [[nodiscard]] std::vector<PushedRecord> take() { return std::exchange(records_, {}); }

 private:
  std::vector<PushedRecord> records_;
};

// The bytes of a gzip body; several members may follow each other.
std::string gunzip(std::string_view body, std::size_t most) {
  struct Stream {
    Stream() {
      // 32: gzip or zlib, told by the head.
      if (inflateInit2(&state, 15 + 32) != Z_OK) throw BadBody(503, "no memory to unpack the body");
    }
    ~Stream() { inflateEnd(&state); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    z_stream state{};
  } stream;
  // zlib's own type; it only reads there.
  stream.state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.state.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, 64 * 1024> buffer{};
  int state = Z_OK;
  while (stream.state.avail_in > 0 || state == Z_OK) {
    stream.state.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.state.avail_out = static_cast<uInt>(buffer.size());
    const uInt before = stream.state.avail_in;
    state = inflate(&stream.state, Z_NO_FLUSH);
    const std::size_t got = buffer.size() - stream.state.avail_out;
    if (out.size() + got > most)
      throw BadBody(413, "the unpacked body is longer than " + std::to_string(most) +
                             " bytes; send fewer records in one request (Winlogbeat: bulk_max_size)");
    out.append(buffer.data(), got);
    if (state == Z_STREAM_END) {
      if (stream.state.avail_in == 0) return out;
      inflateReset(&stream.state);
    } else if (state != Z_OK || (got == 0 && before == stream.state.avail_in)) {
      break;
    }
  }
  throw BadBody(400, "the body is not whole as gzip: it ends or breaks after " + std::to_string(out.size()) +
                         " unpacked bytes");
}

std::string_view next_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return trim(line);
}

std::string text_of(const simdjson::dom::object& object, const char* name) {
  std::string_view text;
  return object.at_key(name).get_string().get(text) == simdjson::SUCCESS ? std::string(text.substr(0, 512))
                                                                         : std::string{};
}

// {"create":{"_index":"winlogbeat","_id":"…"}}
BulkItem read_action(simdjson::dom::parser& parser, std::string_view line, std::uint64_t number,
                     std::string_view index) {
  const auto bad = [number](const std::string& why) {
    return BadBody(400, "line " + std::to_string(number) + " is no action of _bulk: " + why +
                            "; a line with an action comes before each record");
  };
  simdjson::dom::object object;
  if (const auto error = parser.parse(line.data(), line.size(), true).get_object().get(object))
    throw bad(simdjson::error_message(error));
  const auto first = object.begin();
  if (first == object.end()) throw bad("it names none");
  BulkItem item;
  item.action = std::string(first.key());
  item.index = index;
  simdjson::dom::object about;
  if (first.value().get_object().get(about) != simdjson::SUCCESS) throw bad("it is not an object");
  if (auto named = text_of(about, "_index"); !named.empty()) item.index = std::move(named);
  item.id = text_of(about, "_id");
  if (item.action == "update" || item.action == "delete") {
    item.refused = "'" + item.action + "' is not possible: records are only added (create, index)";
  } else if (item.action != "create" && item.action != "index") {
    throw bad("'" + to_clean_utf8(item.action.substr(0, 32)) + "' is not known");
  }
  return item;
}

}  // namespace

std::string unpacked(std::string_view body, std::string_view encoding, std::size_t most) {
  const std::string name = to_lower(trim(encoding));
  if (name.empty() || name == "identity") return std::string(body);
  if (name == "gzip" || name == "x-gzip") return gunzip(body, most);
  throw BadBody(415, "the Content-Encoding '" + to_clean_utf8(name.substr(0, 32)) +
                         "' is not understood; gzip is, and none");
}

std::vector<BulkItem> read_bulk(std::string_view body, std::string_view index) {
  std::vector<BulkItem> items;
  simdjson::dom::parser parser;
  Collect collected;
  JsonEvents reader(collected);
  std::uint64_t number = 0;
  while (!body.empty()) {
    ++number;
    const std::string_view line = next_line(body);
    if (line.empty()) continue;
    if (items.size() == most_bulk_items)
      throw BadBody(413, "more than " + std::to_string(most_bulk_items) +
                             " records in one request; send fewer (Winlogbeat: bulk_max_size)");
    BulkItem item = read_action(parser, line, number, index);
    if (item.action != "delete") {
      if (body.empty())
        throw BadBody(400, "line " + std::to_string(number) + " names an action, and no record follows it");
      ++number;
      const std::string_view document = next_line(body);
      const std::string place = "line " + std::to_string(number);
      if (item.refused.empty()) {
        if (document.starts_with('{')) {
          reader.line(document, place);
          item.records = collected.take();
        }
        if (item.records.empty()) item.records.push_back({std::nullopt, place, "not a JSON object"});
      }
    }
    items.push_back(std::move(item));
  }
  if (items.empty()) throw BadBody(400, "the body holds no action; _bulk takes lines of actions and records");
  return items;
}

std::vector<PushedRecord> read_records(std::string_view body) {
  const Format format = recognise(body.substr(0, std::size_t{16} << 10U));
  if (format == Format::Empty) throw BadBody(400, "the body is empty; it should hold event records");
  if (format != Format::Xml && format != Format::Json && format != Format::Text)
    throw BadBody(
        415,
        "the body is neither JSON nor XML of event records; one record, lines, an array, or <Event> "
        "and <Events> are taken (NXLog: to_json() and BatchMode none or multiline)");
  Collect collected;
  TextReader reader(collected, format, {});
  reader.feed(body);
  reader.finish();
  return collected.take();
}

}  // namespace curfew::windows
