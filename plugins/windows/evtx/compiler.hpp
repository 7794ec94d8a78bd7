// Walks the tokens of elements once, and leaves the steps that set fields.
//
//   const Program program = Compiler(programs, Section::None, true).compile(in);
//
// Threads: one at a time. Owns: nothing; steps, pieces and texts are the programs'. Fails: the program isn't
// good when tokens are cut off, are none, are nested too deep, or are more than a chunk can hold.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plugins/windows/evtx/binary_xml.hpp"
#include "plugins/windows/evtx/program.hpp"

namespace curfew::windows::evtx {

class Compiler {
 public:
  Compiler(Programs& programs, Section section, bool has_dependencies)
      : programs_(programs), section_(section), has_dependencies_(has_dependencies) {}
  [[nodiscard]] Program compile(Cursor& in);

 private:
  struct Element {
    Target target = Target::Nothing;
    Field field{};
    Section opens = Section::None;   // it is that section's own element
    Section before = Section::None;  // the section around it
    bool is_leaf = true;
    std::uint32_t first = 0;  // its pieces
    std::uint32_t name_first = 0, name_pieces = 0;
  };
  enum class Attribute : std::uint8_t { None, Other, Name, SystemTime };

  bool take(Cursor& in);
  bool open(Cursor& in, bool has_attributes);
  bool begin_attribute(Cursor& in);
  void end_attribute();
  bool take_value(Cursor& in, Token token);
  void end(bool is_empty);
  void flush(Element& element);
  void name_data(Element& element);

  void add_literal(std::string_view utf8);
  void add_utf16(std::string_view bytes);
  void add_step(Target target, Field field, std::uint32_t first);
  [[nodiscard]] Element* element() { return depth_ == 0 ? nullptr : &open_[depth_ - 1]; }
  [[nodiscard]] bool is_wanted();
  [[nodiscard]] std::uint32_t pieces() const;

  static constexpr std::size_t deepest = 64;
  Programs& programs_;
  Section section_;
  bool has_dependencies_;
  std::array<Element, deepest> open_{};
  std::size_t depth_ = 0;
  Attribute attribute_ = Attribute::None;
  std::uint32_t attribute_first_ = 0;
  bool in_tag_ = false;  // between an element's beginning and the end of its start
};

}  // namespace curfew::windows::evtx
