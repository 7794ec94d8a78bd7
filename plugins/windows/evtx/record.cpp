#include "plugins/windows/evtx/record.hpp"

#include <charconv>

#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/evtx/binary_xml.hpp"

namespace curfew::windows::evtx {
namespace {

constexpr std::size_t deepest = 16;
// Bytes and steps; a record is shorter than 64 KiB, and few use a value twice.
constexpr std::size_t most_work = std::size_t{1} << 20U;
constexpr std::size_t most_unnamed = 512;
constexpr std::size_t longest_name = 256;
constexpr std::uint64_t audit_failure_keyword = std::uint64_t{1} << 52U;

template <typename T>
bool read_number(std::string_view text, T& number) {
  text = trim(text);
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

void keep(std::string& place, std::string_view text) {
  place = trim(text).substr(0, longest_name);
  if (!is_clean_utf8(place)) place = to_clean_utf8(place);
}

}  // namespace

void RecordReader::begin(std::string_view chunk) {
  chunk_ = chunk;
  programs_.begin(chunk);
}

bool RecordReader::spend(std::size_t work) {
  work_ += work;
  return work_ <= most_work;
}

bool RecordReader::read(std::size_t begin, std::size_t end, WindowsEvent& event) {
  event.clear();
  event_ = &event;
  has_id_ = has_time_ = false;
  values_.clear();
  unnamed_.clear();
  unnamed_ends_.clear();
  depth_ = work_ = 0;
  if (!read_fragment(begin, end, Section::None, false) || !has_id_ || !has_time_) return false;
  if (adfs::is_audit(event)) {
    std::vector<std::string_view> data;
    std::size_t at = 0;
    for (const std::size_t next : unnamed_ends_) {
      data.push_back(std::string_view(unnamed_).substr(at, next - at));
      at = next;
    }
    adfs::read_audit_record(event, data);
  }
  return true;
}

bool RecordReader::read_fragment(std::size_t begin, std::size_t end, Section section, bool is_value) {
  // Four bytes: the shortest token that can stand there again and again.
  if (depth_ == deepest || !spend(1 + (end - begin) / 4)) return false;
  ++depth_;
  Cursor in(chunk_, begin, end);
  bool is_good = true, is_done = false, has_dependencies = !is_value;
  while (is_good && !is_done) {
    switch (token_of(in.peek())) {
      case Token::End:
        is_done = true;
        break;
      case Token::FragmentHeader:
        is_good = in.skip(4);
        has_dependencies = true;
        break;
      case Token::InstructionTarget: {
        NameBuffer buffer{};
        std::string_view name;
        is_good = in.skip(1) && read_name(in, buffer, name);
        break;
      }
      case Token::InstructionData: {
        std::string_view text;
        is_good = in.skip(1) && read_text(in, text);
        break;
      }
      case Token::Template:
        is_good = read_instance(in, section);
        break;
      case Token::OpenElement: {
        // In a value, elements that stand there without a fragment's header have no dependency identifier.
        const Cursor again = in;
        Program program = programs_.of_elements(in, section, has_dependencies);
        if (!program.is_good && is_value) {
          in = again;
          program = programs_.of_elements(in, section, !has_dependencies);
        }
        is_good = program.is_good && run(program, {});
        break;
      }
      default:
        is_good = false;
    }
  }
  --depth_;
  return is_good;
}

bool RecordReader::read_instance(Cursor& in, Section section) {
  std::uint32_t identifier = 0, offset = 0;
  if (!in.skip(2) || !in.read(identifier) || !in.read(offset)) return false;
  if (offset == in.at()) {
    // The definition stands here, and the values behind it.
    constexpr std::size_t next_and_identifier = 20;
    std::uint32_t size = 0;
    if (!in.skip(next_and_identifier) || !in.read(size) || !in.skip(size)) return false;
  }
  const Program program = programs_.of_definition(offset, identifier, section);
  Instance instance{values_.size(), 0};
  const bool is_good = program.is_good && read_values(in, instance) && run(program, instance);
  values_.resize(instance.first);
  return is_good;
}

bool RecordReader::read_values(Cursor& in, Instance& instance) {
  constexpr std::size_t descriptor = 4;  // size, type, a byte of no meaning
  std::uint32_t count = 0;
  std::string_view descriptors;
  if (!in.read(count) || count > in.left() / descriptor || !in.take(count * descriptor, descriptors) ||
      !spend(count))
    return false;
  values_.resize(instance.first + count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto bytes = number_at<std::uint32_t>(descriptors, i * descriptor);
    Value& value = values_[instance.first + i];
    value.type = static_cast<std::uint8_t>(bytes >> 16U);
    if (!in.take(bytes & 0xFFFFU, value.bytes)) return false;
  }
  instance.count = count;
  return true;
}

bool RecordReader::run(const Program& program, const Instance& instance) {
  if (!spend(program.steps)) return false;
  for (std::uint32_t i = program.first; i < program.first + program.steps; ++i) {
    // Most are one value, of which most are of no field.
    const Step& step = programs_.step(i);
    if (step.pieces == 1 && programs_.piece(step.first).kind != Piece::Kind::Literal) {
      const Piece first = programs_.piece(step.first);
      if (first.begin >= instance.count) return false;
      const Value& value = values_[instance.first + first.begin];
      if (value.is(Type::Null) && first.kind == Piece::Kind::OptionalValue) continue;  // no such element
      if (value.is(Type::BinaryXml)) {
        // Steps, pieces and values may lie elsewhere behind this.
        const auto begin = static_cast<std::size_t>(value.bytes.data() - chunk_.data());
        if (!read_fragment(begin, begin + value.bytes.size(), step.section, true)) return false;
      } else if (step.target != Target::Nothing && !set_value(step, value, instance)) {
        return false;
      }
      continue;
    }
    text_.clear();
    if (!append(step.first, step.pieces, instance, text_) || !set_text(step, text_, instance)) return false;
  }
  return true;
}

bool RecordReader::set_value(const Step& step, Value value, const Instance& instance) {
  if (!value.is_array() || value.bytes.empty()) return set(step, value, instance);
  // Of an array, each item is an element of its own.
  while (!value.bytes.empty()) {
    const auto item = take_item(value);
    if (!item || !set(step, *item, instance)) return false;
  }
  return true;
}

bool RecordReader::append(std::uint32_t first, std::uint32_t count, const Instance& instance,
                          std::string& out) {
  for (std::uint32_t i = first; i < first + count; ++i) {
    const Piece piece = programs_.piece(i);
    if (piece.kind == Piece::Kind::Literal) {
      out += programs_.literal(piece);
      if (!spend(piece.size + 1)) return false;
      continue;
    }
    if (piece.begin >= instance.count) return false;
    const Value& value = values_[instance.first + piece.begin];
    if (!spend(value.bytes.size() + 1) || !append_text(value, out)) return false;
  }
  return true;
}

// Numbers and times need no text.
bool RecordReader::set(const Step& step, const Value& value, const Instance& instance) {
  if (step.target == Target::CreatedAt) {
    if (const auto time = file_time(value)) {
      event_->time = *time;
      has_time_ = true;
      return true;
    }
  } else if (step.target == Target::EventId || step.target == Target::RecordId) {
    if (const auto number = unsigned_number(value)) {
      if (step.target == Target::RecordId) {
        event_->record_id = *number;
        return true;
      }
      if (*number <= UINT32_MAX) {
        event_->event_id = static_cast<std::uint32_t>(*number);
        has_id_ = true;
        return true;
      }
    }
  } else if (step.target == Target::Keywords && value.is(Type::HexInt64) && value.bytes.size() == 8) {
    event_->failure = (number_at<std::uint64_t>(value.bytes, 0) & audit_failure_keyword) != 0;
    return true;
  }
  text_.clear();
  return spend(value.bytes.size() + 1) && append_text(value, text_) && set_text(step, text_, instance);
}

bool RecordReader::set_text(const Step& step, std::string_view text, const Instance& instance) {
  switch (step.target) {
    case Target::Nothing:
      break;
    case Target::EventId:
      has_id_ = read_number(text, event_->event_id);
      break;
    case Target::Version: {
      std::uint32_t version = 0;
      if (read_number(text, version)) event_->version = static_cast<std::uint8_t>(version & 0xFFU);
      break;
    }
    case Target::RecordId:
      static_cast<void>(read_number(text, event_->record_id));
      break;
    case Target::Channel:
      keep(event_->channel, text);
      break;
    case Target::Computer:
      keep(event_->computer, text);
      break;
    case Target::Provider:
      keep(event_->provider, text);
      break;
    case Target::Keywords:
      event_->failure = (parse_logon_id(trim(text)) & audit_failure_keyword) != 0;
      break;
    case Target::CreatedAt:
      if (const auto time = parse_time(text)) {
        event_->time = *time;
        has_time_ = true;
      }
      break;
    case Target::Named:
      event_->set(step.field, text);
      break;
    case Target::NamedByValue:
      name_.clear();
      if (!append(step.name_first, step.name_pieces, instance, name_)) return false;
      if (!name_.empty()) {
        event_->set(name_, text);
        break;
      }
      [[fallthrough]];
    case Target::Unnamed:
      if (unnamed_ends_.size() == most_unnamed || !adfs::is_audit(*event_)) break;
      unnamed_ += text;
      unnamed_ends_.push_back(unnamed_.size());
      break;
  }
  return true;
}

}  // namespace curfew::windows::evtx
