// What a piece of binary XML does to an event, worked out once: of its elements, only those steps are left
// that set a field. A record that is an instance of a template is then a walk of its values along these
// steps.
//
//   Programs programs;
//   programs.begin(chunk);                                        // definitions are a chunk's own
//   const Program program = programs.of_definition(offset, Section::None);
//   for (std::uint32_t i = 0; i < program.steps; ++i) programs.step(program.first + i) …
//
// Which elements mean what is that of xml_reader.hpp.
//
// Threads: one at a time. Owns: the steps and their texts, until the next chunk. Fails: a program that is not
// good is of damaged binary XML. Work is bounded for each chunk: definitions that lie within each other can't
// make it more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/event.hpp"
#include "plugins/windows/evtx/bytes.hpp"

namespace curfew::windows::evtx {

enum class Section : std::uint8_t { None, System, EventData, UserData, Other };

enum class Target : std::uint8_t {
  Nothing,  // but a value may be binary XML itself
  EventId,
  Version,
  RecordId,
  Channel,
  Computer,
  Keywords,
  CreatedAt,
  Provider,
  Named,         // `field`
  NamedByValue,  // the name is a value too
  Unnamed,       // Data without a name
};

// A part of a text: literal, or one of the instance's values.
struct Piece {
  enum class Kind : std::uint8_t { Literal, Value, OptionalValue };
  std::uint32_t begin = 0;  // of the literal; else the value's index
  std::uint32_t size = 0;
  Kind kind = Kind::Literal;
};

struct Step {
  Target target = Target::Nothing;
  Field field{};
  Section section = Section::None;  // in which a value that is binary XML would stand
  std::uint32_t first = 0, pieces = 0;
  std::uint32_t name_first = 0, name_pieces = 0;
};

struct Program {
  std::uint32_t first = 0, steps = 0;
  bool is_good = false;
};

class Programs {
 public:
  void begin(std::string_view chunk);
  // Of the template definition that lies there. Not good when its identifier begins otherwise: the definition
  // that was meant has been overwritten.
  [[nodiscard]] Program of_definition(std::uint32_t offset, std::uint32_t identifier, Section section);
  // Of elements that stand in a record or a value themselves; `in` is then behind them.
  [[nodiscard]] Program of_elements(Cursor& in, Section section, bool has_dependencies);

  [[nodiscard]] const Step& step(std::uint32_t index) const { return steps_[index]; }
  [[nodiscard]] const Piece& piece(std::uint32_t index) const { return pieces_[index]; }
  [[nodiscard]] std::string_view literal(const Piece& piece) const {
    return std::string_view(texts_).substr(piece.begin, piece.size);
  }

 private:
  friend class Compiler;
  struct Known {
    std::uint32_t key = 0;
    std::uint32_t next = 0;  // 1 more than its index; 0: none
    Program program;
  };

  std::string_view chunk_;
  std::vector<Step> steps_;
  std::vector<Piece> pieces_;
  std::string texts_;
  std::vector<Known> known_;
  std::array<std::uint32_t, 64> buckets_{};
  std::size_t work_ = 0;
};

}  // namespace curfew::windows::evtx
