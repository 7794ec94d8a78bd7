#include "plugins/oauth/logs/record_reader.hpp"

#include <utility>

#include "plugins/files/csv_reader.hpp"
#include "plugins/files/line_reader.hpp"
#include "plugins/files/text.hpp"

namespace curfew::oauth::logs {
namespace {

using simdjson::dom::element;

constexpr std::size_t head_size = 64U << 10U;
constexpr std::size_t read_size = 256U << 10U;
constexpr std::size_t longest_value = std::size_t{16} << 20U;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

constexpr const char* unknown_writing =
    "none of the logs of identity providers that are read here: JSON, one record a line or in lists, tables "
    "(CSV) "
    "whose columns are known, and lines of Keycloak, Pulse Connect Secure, HID Bravura Monitor and the "
    "Common "
    "Event Format";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Without blanks and control characters around it: some programs begin lines with one.
std::string_view bare(std::string_view line) {
  while (!line.empty() && static_cast<unsigned char>(line.front()) <= 0x20) line.remove_prefix(1);
  return files::trim(line);
}

// Where JSON begins in a line; npos: nowhere. Syslog's own words come before it.
std::size_t json_in(std::string_view line) {
  constexpr std::size_t longest_prefix = 512;
  const std::size_t at = line.find('{');
  return at <= longest_prefix ? at : std::string_view::npos;
}

// Of a table's header; NUL: it is none.
char separator_in(std::string_view first_line) {
  return first_line.starts_with('{') || first_line.starts_with('[') ? '\0' : files::separator_of(first_line);
}

bool is_whole_object(std::string_view line) {
  simdjson::dom::parser parser;
  element value;
  return parser.parse(line.data(), line.size()).get(value) == simdjson::SUCCESS;
}

// Values out of pieces of text: each member of a list at the top, each other value as a whole.
class ValueSplitter {
 public:
  explicit ValueSplitter(ValueSink& sink) : sink_(sink) {}

  void feed(std::string_view text) {
    for (const char c : text) take(c);
  }
  void finish() {
    if (!pending_.empty() || depth_ > (in_list_ ? 1 : 0) || in_list_)
      sink_.unreadable(place(), "the file ends within it: cut off");
  }

 private:
  void take(char c) {
    if (in_text_) {
      put(c);
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_text_ = false;
      return;
    }
    const int floor = in_list_ ? 1 : 0;
    if (depth_ == floor && pending_.empty()) {
      if (is_blank(c) || (c == ',' && in_list_)) return;
      if (c == '[' && !in_list_) {
        in_list_ = true;
        depth_ = 1;
        return;
      }
      if (c == ']' && in_list_) {
        in_list_ = false;
        depth_ = 0;
        return;
      }
    }
    if (depth_ == floor && !pending_.empty() && (is_blank(c) || c == ',' || (c == ']' && in_list_))) {
      end_value();  // a number or a word
      take(c);
      return;
    }
    put(c);
    if (c == '"') in_text_ = true;
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') {
      --depth_;
      if (depth_ <= floor) {
        depth_ = floor;
        end_value();
      }
    }
  }

  void put(char c) {
    ++size_;
    if (size_ <= longest_value) pending_ += c;
  }

  void end_value() {
    const bool is_too_long = size_ > longest_value;
    size_ = 0;
    const std::string text = std::exchange(pending_, {});
    const std::string at = place();
    ++number_;
    if (is_too_long) {
      sink_.unreadable(at, "longer than 16 MiB");
      return;
    }
    element value;
    if (parser_.parse(text).get(value) != simdjson::SUCCESS)
      sink_.unreadable(at, "no JSON");
    else
      sink_.value(value, at);
  }

  [[nodiscard]] std::string place() const { return "value " + std::to_string(number_); }

  ValueSink& sink_;
  simdjson::dom::parser parser_;
  std::string pending_;
  std::size_t size_ = 0;
  std::uint64_t number_ = 1;
  int depth_ = 0;
  bool in_list_ = false;
  bool in_text_ = false;
  bool escaped_ = false;
};

// A line of either kind; what is neither goes on with the one before, if there was one.
class LineIntake {
 public:
  LineIntake(ValueSink& sink, Recognised recognised) : sink_(sink), recognised_(recognised) {}

  void line(std::string_view text, std::uint64_t number) {
    text = bare(text);
    if (number == 1 && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.empty()) return;
    const std::string place = "line " + std::to_string(number);
    if (recognised_.writing == Writing::Lines) {
      const LineKind kind = kind_of_line(text);
      if (kind != LineKind::None)
        sink_.line(kind, text, place);
      else if (std::exchange(is_first_, false))
        sink_.unreadable(place, "it goes on with a line that isn't there");
      else
        sink_.continued();
      is_first_ = false;
      return;
    }
    const std::size_t begin = text.front() == '[' ? 0 : json_in(text);
    element value;
    if (begin == std::string_view::npos ||
        parser_.parse(text.data() + begin, text.size() - begin).get(value) != simdjson::SUCCESS)
      sink_.unreadable(place, "no whole JSON: cut off or damaged");
    else
      sink_.value(value, place);
  }

 private:
  ValueSink& sink_;
  Recognised recognised_;
  simdjson::dom::parser parser_;
  bool is_first_ = true;
};

// The first row of a table.
std::vector<std::string> header_in(std::string_view first_line, char separator) {
  std::vector<std::string> header;
  files::CsvReader reader(
      separator, [&](const auto& fields, std::uint64_t /*line*/) { header = fields; },
      [](std::uint64_t /*line*/, std::string_view /*why*/) {});
  reader.feed(first_line);
  reader.finish();
  return header;
}

// Rows of a table, each as a value.
class TableIntake {
 public:
  TableIntake(ValueSink& sink, const TableOf& of) : sink_(sink), of_(of) {}

  void row(const std::vector<std::string>& fields, std::uint64_t line) {
    if (!rows_) {
      rows_ = TableRows::of(fields, of_);
      return;
    }
    const std::string place = "line " + std::to_string(line);
    const std::string json = rows_->record(fields);
    element value;
    if (json.empty())
      sink_.unreadable(place, "a row that isn't the header's: other fields, or none where the record stands");
    else if (parser_.parse(json).get(value) != simdjson::SUCCESS)
      sink_.unreadable(place, "a row whose record is no whole JSON");
    else
      sink_.value(value, place);
  }

 private:
  ValueSink& sink_;
  const TableOf& of_;
  std::optional<TableRows> rows_;
  simdjson::dom::parser parser_;
};

template <typename Feed>
void feed_all(files::Bytes& bytes, std::string_view head, ValueSink& sink, const Feed& feed) {
  feed(head);
  std::string buffer(read_size, '\0');
  std::string why;
  std::uint64_t total = head.size();
  while (true) {
    const std::int64_t got = bytes.read(buffer.data(), buffer.size(), why);
    if (got < 0) sink.unreadable("byte " + std::to_string(total), why);
    if (got <= 0) return;
    total += static_cast<std::uint64_t>(got);
    feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
}

}  // namespace

Recognised recognise(std::string_view head) {
  constexpr std::size_t most_lines = 20;
  if (head.starts_with(byte_order_mark)) head.remove_prefix(byte_order_mark.size());
  while (!head.empty() && is_blank(head.front())) head.remove_prefix(1);
  if (head.empty()) return {Writing::Empty};
  if (head.find('\0') != std::string_view::npos) return {Writing::Unknown};
  const std::size_t end = head.find('\n');
  const std::string_view first = files::trim(head.substr(0, end));
  if (const char separator = separator_in(first);
      separator != '\0' && TableRows::of(header_in(first, separator), {}))
    return {Writing::Table};
  if (head.front() == '[') {
    const std::size_t next = head.find_first_not_of(" \t\r\n", 1);
    const bool is_list =
        next == std::string_view::npos || head[next] == '{' || head[next] == ']' || head[next] == '[';
    if (is_list) return {Writing::JsonDocuments};
  }
  if (head.front() == '{') {
    // One line that is longer than what is seen of it is taken to be one of several; and where the second
    // begins a record of its own, the first is only damaged.
    const std::size_t second = end == std::string_view::npos ? end : head.find_first_not_of("\r\n", end);
    const bool is_a_line = end == std::string_view::npos || is_whole_object(first) ||
                           (second != std::string_view::npos && head[second] == '{');
    return {is_a_line ? Writing::JsonLines : Writing::JsonDocuments};
  }
  for (std::size_t lines = 0; lines < most_lines && !head.empty(); ++lines) {
    const std::size_t stop = head.find('\n');
    const std::string_view line = bare(head.substr(0, stop));
    if (const LineKind kind = kind_of_line(line); kind != LineKind::None) return {Writing::Lines, kind};
    const std::size_t json = json_in(line);
    if (json != std::string_view::npos && json > 0 && is_whole_object(line.substr(json)))
      return {Writing::JsonLines};
    if (stop == std::string_view::npos) break;
    head.remove_prefix(stop + 1);
  }
  return {Writing::Unknown};
}

void read_records(files::Bytes& bytes, ValueSink& sink, const TableOf& of) {
  const std::string head = files::read_head(
      bytes, head_size,
      [&](std::string_view place, std::string_view why) { sink.unreadable(std::string(place), why); });
  const Recognised recognised = recognise(head);
  if (recognised.writing == Writing::Empty) return;
  if (recognised.writing == Writing::Unknown) {
    sink.unreadable("file", files::is_archive(head) ? "an archive within an archive" : unknown_writing);
    return;
  }
  if (recognised.writing == Writing::Table) {
    TableIntake intake(sink, of);
    std::string_view text = head;
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    files::CsvReader rows(
        separator_in(text.substr(0, text.find('\n'))),
        [&](const auto& fields, std::uint64_t line) { intake.row(fields, line); },
        [&](std::uint64_t line, std::string_view why) {
          sink.unreadable("line " + std::to_string(line), why);
        });
    feed_all(bytes, text, sink, [&](std::string_view part) { rows.feed(part); });
    rows.finish();
    return;
  }
  if (recognised.writing == Writing::JsonDocuments) {
    ValueSplitter values(sink);
    std::string_view text = head;
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    feed_all(bytes, text, sink, [&](std::string_view part) { values.feed(part); });
    values.finish();
    return;
  }
  LineIntake intake(sink, recognised);
  files::LineReader lines(
      longest_value, [&](std::string_view line, std::uint64_t number) { intake.line(line, number); },
      [&](std::uint64_t number) { sink.unreadable("line " + std::to_string(number), "longer than 16 MiB"); });
  feed_all(bytes, head, sink, [&](std::string_view part) { lines.feed(part); });
  lines.finish();
}

}  // namespace curfew::oauth::logs
