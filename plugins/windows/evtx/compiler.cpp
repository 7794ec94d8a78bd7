#include "plugins/windows/evtx/compiler.hpp"

#include <optional>

#include "plugins/windows/evtx/value.hpp"

namespace curfew::windows::evtx {
namespace {

// More than the tokens and texts of a chunk whose definitions lie side by side, each in every section.
constexpr std::size_t most_work = 8 * 65536;

Section section_named(std::string_view name) {
  if (name == "System") return Section::System;
  if (name == "EventData") return Section::EventData;
  if (name == "UserData") return Section::UserData;
  return name == "RenderingInfo" ? Section::Other : Section::None;
}

Target target_in_system(std::string_view name) {
  if (name == "EventID") return Target::EventId;
  if (name == "Version") return Target::Version;
  if (name == "EventRecordID") return Target::RecordId;
  if (name == "Channel") return Target::Channel;
  if (name == "Computer") return Target::Computer;
  if (name == "Keywords") return Target::Keywords;
  if (name == "TimeCreated") return Target::CreatedAt;
  return name == "Provider" ? Target::Provider : Target::Nothing;
}

std::string_view entity_named(std::string_view name) {
  if (name == "lt") return "<";
  if (name == "gt") return ">";
  if (name == "amp") return "&";
  if (name == "quot") return "\"";
  return name == "apos" ? "'" : "";
}

// These have their value in an attribute.
bool is_told_by_attribute(Target target) { return target == Target::CreatedAt || target == Target::Provider; }

}  // namespace

std::uint32_t Compiler::pieces() const { return static_cast<std::uint32_t>(programs_.pieces_.size()); }

void Compiler::add_step(Target target, Field field, std::uint32_t first) {
  const Element* const of = element();
  programs_.steps_.push_back({target, field, section_, first, pieces() - first,
                              of != nullptr ? of->name_first : 0, of != nullptr ? of->name_pieces : 0});
}

void Compiler::add_literal(std::string_view utf8) {
  const auto begin = static_cast<std::uint32_t>(programs_.texts_.size());
  programs_.texts_ += utf8;
  programs_.pieces_.push_back({begin, static_cast<std::uint32_t>(utf8.size()), Piece::Kind::Literal});
}

void Compiler::add_utf16(std::string_view bytes) {
  const auto begin = static_cast<std::uint32_t>(programs_.texts_.size());
  append_utf16(bytes, programs_.texts_);
  const auto size = static_cast<std::uint32_t>(programs_.texts_.size() - begin);
  programs_.pieces_.push_back({begin, size, Piece::Kind::Literal});
}

// Whether a text at this place is part of anything.
bool Compiler::is_wanted() {
  if (in_tag_) return attribute_ == Attribute::Name || attribute_ == Attribute::SystemTime;
  const Element* const of = element();
  return of != nullptr && of->target != Target::Nothing && !is_told_by_attribute(of->target);
}

Program Compiler::compile(Cursor& in) {
  Program program;
  program.first = static_cast<std::uint32_t>(programs_.steps_.size());
  while (true) {
    const Token token = token_of(in.peek());
    if (depth_ == 0 && token != Token::OpenElement) break;
    const std::size_t before = in.at(), texts = programs_.texts_.size();
    if (!take(in)) return program;
    programs_.work_ += 1 + (in.at() - before) / 16 + (programs_.texts_.size() - texts);
    if (programs_.work_ > most_work) return program;
  }
  program.steps = static_cast<std::uint32_t>(programs_.steps_.size()) - program.first;
  program.is_good = true;
  return program;
}

bool Compiler::take(Cursor& in) {
  std::uint8_t byte = 0;
  if (!in.read(byte)) return false;
  const Token token = token_of(byte);
  switch (token) {
    case Token::OpenElement:
      return !in_tag_ && open(in, (byte & more_flag) != 0);
    case Token::Attribute:
      return in_tag_ && begin_attribute(in);
    case Token::CloseStart:
      if (!in_tag_) return false;
      end_attribute();
      in_tag_ = false;
      element()->first = pieces();
      return true;
    case Token::CloseEmpty:
      if (!in_tag_) return false;
      end_attribute();
      in_tag_ = false;
      element()->first = pieces();
      end(true);
      return true;
    case Token::EndElement:
      if (in_tag_) return false;
      end(false);
      return true;
    case Token::Text:
    case Token::Cdata:
    case Token::Character:
    case Token::Entity:
    case Token::Substitution:
    case Token::OptionalSubstitution:
      return (!in_tag_ || attribute_ != Attribute::None) && take_value(in, token);
    case Token::InstructionTarget: {
      NameBuffer buffer{};
      std::string_view name;
      return !in_tag_ && read_name(in, buffer, name);
    }
    case Token::InstructionData: {
      std::string_view text;
      return !in_tag_ && read_text(in, text);
    }
    case Token::End:
    case Token::Template:
    case Token::FragmentHeader:
      break;
  }
  return false;
}

bool Compiler::open(Cursor& in, bool has_attributes) {
  std::uint32_t size = 0;
  NameBuffer buffer{};
  std::string_view name;
  if (depth_ == deepest || (has_dependencies_ && !in.skip(2)) || !in.read(size) ||
      !read_name(in, buffer, name) || (has_attributes && !in.skip(4)))
    return false;
  if (Element* const around = element()) {
    flush(*around);
    around->is_leaf = false;
  }
  Element made;
  made.before = section_;
  made.first = pieces();
  switch (section_) {
    case Section::None:
      made.opens = section_named(name);
      section_ = made.opens;
      break;
    case Section::System:
      made.target = target_in_system(name);
      made.opens = section_named(name);
      break;
    case Section::EventData:
      made.target = name == "Data" ? Target::Unnamed : Target::Nothing;
      made.opens = section_named(name);
      break;
    case Section::UserData:
      if (const auto field = field_named(name)) {
        made.target = Target::Named;
        made.field = *field;
      }
      made.opens = section_named(name);
      break;
    case Section::Other:
      if (name == "RenderingInfo") made.opens = Section::Other;
      break;
  }
  open_[depth_++] = made;
  in_tag_ = true;
  attribute_ = Attribute::None;
  return true;
}

bool Compiler::begin_attribute(Cursor& in) {
  end_attribute();
  NameBuffer buffer{};
  std::string_view name;
  if (!read_name(in, buffer, name)) return false;
  attribute_ = Attribute::Other;
  attribute_first_ = pieces();
  const Target target = element()->target;
  if (name == "SystemTime" && target == Target::CreatedAt) attribute_ = Attribute::SystemTime;
  if (name == "Name" && (target == Target::Provider || target == Target::Unnamed))
    attribute_ = Attribute::Name;
  return true;
}

void Compiler::end_attribute() {
  Element& of = *element();
  if (attribute_ == Attribute::SystemTime ||
      (attribute_ == Attribute::Name && of.target == Target::Provider)) {
    add_step(of.target, {}, attribute_first_);
  } else if (attribute_ == Attribute::Name) {
    of.name_first = attribute_first_;
    of.name_pieces = pieces() - attribute_first_;
    name_data(of);
  }
  attribute_ = Attribute::None;
}

// A name that is written there is looked up once.
void Compiler::name_data(Element& of) {
  bool is_literal = true;
  std::string_view name;
  for (std::uint32_t i = 0; i < of.name_pieces; ++i)
    is_literal = is_literal && programs_.pieces_[of.name_first + i].kind == Piece::Kind::Literal;
  if (!is_literal) {
    of.target = Target::NamedByValue;
    return;
  }
  // Literals that follow each other lie side by side.
  if (of.name_pieces != 0) {
    const Piece& first = programs_.pieces_[of.name_first];
    name = std::string_view(programs_.texts_).substr(first.begin);
  }
  of.name_pieces = 0;
  if (name.empty()) return;
  const auto field = field_named(name);
  of.target = field ? Target::Named : Target::Nothing;
  if (field) of.field = *field;
}

bool Compiler::take_value(Cursor& in, Token token) {
  switch (token) {
    case Token::Text: {
      std::uint8_t type = 0;
      std::string_view text;
      if (!in.read(type) || static_cast<Type>(type) != Type::String || !read_text(in, text)) return false;
      if (is_wanted()) add_utf16(text);
      return true;
    }
    case Token::Cdata: {
      std::string_view text;
      if (!read_text(in, text)) return false;
      if (is_wanted()) add_utf16(text);
      return true;
    }
    case Token::Character: {
      std::uint16_t code = 0;
      if (!in.read(code)) return false;
      std::string text;
      append_code_point(text, code);
      if (is_wanted()) add_literal(text);
      return true;
    }
    case Token::Entity: {
      NameBuffer buffer{};
      std::string_view name;
      if (!read_name(in, buffer, name)) return false;
      if (is_wanted()) add_literal(entity_named(name));
      return true;
    }
    default:
      break;
  }
  std::uint16_t index = 0;
  std::uint8_t type = 0;
  if (!in.read(index) || !in.read(type)) return false;
  // An element's value may be binary XML, with sections of its own; an attribute's can't.
  if (!in_tag_ || is_wanted())
    programs_.pieces_.push_back(
        {index, 0, token == Token::OptionalSubstitution ? Piece::Kind::OptionalValue : Piece::Kind::Value});
  return true;
}

// What stood before a child: no text of a field, but binary XML may be among it.
void Compiler::flush(Element& of) {
  for (std::uint32_t i = of.first; i < pieces(); ++i) {
    if (programs_.pieces_[i].kind != Piece::Kind::Literal)
      programs_.steps_.push_back({Target::Nothing, {}, section_, i, 1, 0, 0});
  }
  of.first = pieces();
}

void Compiler::end(bool is_empty) {
  Element& of = *element();
  const bool is_field = of.is_leaf && of.target != Target::Nothing && !is_told_by_attribute(of.target);
  if (is_field && (of.first != pieces() || of.target == Target::Unnamed)) {
    add_step(of.target, of.field, of.first);
  } else {
    flush(of);
  }
  --depth_;
  if (Element* const around = element()) around->first = pieces();
  // As in XML text: an element of a section's name ends it, wherever it stands.
  const bool is_other = section_ == Section::Other;
  if (is_empty) {
    section_ = of.before;
  } else if (of.opens != Section::None && is_other == (of.opens == Section::Other)) {
    section_ = Section::None;
  }
}

}  // namespace curfew::windows::evtx
