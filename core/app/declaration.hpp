// A declaration: the keys of one mapping of the configuration, with type, bounds, default and help. One
// declaration drives reading, the JSON Schema, `config show` and docs/configuration.md, so they can't
// disagree.
//
//   Declare<Listener> listener("listener");
//   listener.text("address", &Listener::address, "Address to listen on.")
//           .whole("port", &Listener::port, 0, 65535, "Port; 0 is off.");
//
// Threads: values, read-only once built. Owns: its inner tables. Fails: a setter throws Error(Configuration)
// without a place; the reader adds file, line and column.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/time.hpp"

namespace curfew::app {

enum class Shape : std::uint8_t { Text, Whole, Flag, Span, Word, Texts, Words, Object, Objects, Json };

using Value = std::variant<std::string, std::int64_t, bool, Duration, std::vector<std::string>>;

struct Table;

struct Field {
  std::string name;
  Shape shape = Shape::Text;
  std::string help;
  bool required = false;
  std::int64_t least = 0;  // Whole: the number; Span: microseconds
  std::int64_t most = 0;
  std::vector<std::string_view> words;
  std::shared_ptr<const Table> inner;                        // Object, Objects
  std::function<void(void* owner, const Value& value)> put;  // all but Object and Objects
  std::function<Value(const void* owner)> get;
  std::function<void*(void* owner)> open;  // Object: the member; Objects: a new element at the end
  std::function<std::vector<const void*>(const void* owner)> all;  // Object: one; Objects: each
};

struct Table {
  std::string title;
  std::vector<Field> fields;
  [[nodiscard]] const Field* find(std::string_view name) const {
    for (const Field& field : fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }
};

template <typename T>
class Declare {
 public:
  explicit Declare(std::string title) { table_.title = std::move(title); }

  Declare& text(const char* name, std::string T::*member, const char* help, bool required = false) {
    Field& field = add(name, Shape::Text, help, required);
    field.put = [member](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = std::get<std::string>(value);
    };
    field.get = [member](const void* owner) -> Value { return static_cast<const T*>(owner)->*member; };
    return *this;
  }
  // A text of which only certain words are valid.
  Declare& word(const char* name, std::string T::*member, std::vector<std::string_view> words,
                const char* help, bool required = false) {
    text(name, member, help, required);
    table_.fields.back().shape = Shape::Word;
    table_.fields.back().words = std::move(words);
    return *this;
  }
  // JSON for a plugin, whose own schema says what is valid.
  Declare& json(const char* name, std::string T::*member, const char* help) {
    text(name, member, help);
    table_.fields.back().shape = Shape::Json;
    return *this;
  }
  template <typename N>
  Declare& whole(const char* name, N T::*member, std::int64_t least, std::int64_t most, const char* help) {
    Field& field = add(name, Shape::Whole, help, false);
    field.least = least;
    field.most = most;
    field.put = [member](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = static_cast<N>(std::get<std::int64_t>(value));
    };
    field.get = [member](const void* owner) -> Value {
      return static_cast<std::int64_t>(static_cast<const T*>(owner)->*member);
    };
    return *this;
  }
  Declare& flag(const char* name, bool T::*member, const char* help) {
    Field& field = add(name, Shape::Flag, help, false);
    field.put = [member](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = std::get<bool>(value);
    };
    field.get = [member](const void* owner) -> Value { return static_cast<const T*>(owner)->*member; };
    return *this;
  }
  Declare& span(const char* name, Duration T::*member, Duration least, Duration most, const char* help) {
    Field& field = add(name, Shape::Span, help, false);
    field.least = least.count();
    field.most = most.count();
    field.put = [member](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = std::get<Duration>(value);
    };
    field.get = [member](const void* owner) -> Value { return static_cast<const T*>(owner)->*member; };
    return *this;
  }
  Declare& texts(const char* name, std::vector<std::string> T::*member, const char* help) {
    Field& field = add(name, Shape::Texts, help, false);
    field.put = [member](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = std::get<std::vector<std::string>>(value);
    };
    field.get = [member](const void* owner) -> Value { return static_cast<const T*>(owner)->*member; };
    return *this;
  }
  // A member of an enumeration of the vocabulary, by its stable name.
  template <typename E, typename Names>
  Declare& name_of(const char* name, E T::*member, const Names& names, const char* help,
                   bool required = false) {
    Field& field = add(name, Shape::Word, help, required);
    field.words.assign(names.begin(), names.end());
    field.put = [member, names](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = index_of<E>(names, std::get<std::string>(value));
    };
    field.get = [member, names](const void* owner) -> Value {
      return std::string(names[static_cast<std::size_t>(static_cast<const T*>(owner)->*member)]);
    };
    return *this;
  }
  template <typename E, typename Names>
  Declare& names_of(const char* name, std::vector<E> T::*member, const Names& names, const char* help) {
    Field& field = add(name, Shape::Words, help, false);
    field.words.assign(names.begin(), names.end());
    field.put = [member, names](void* owner, const Value& value) {
      auto& target = static_cast<T*>(owner)->*member;
      target.clear();
      for (const std::string& one : std::get<std::vector<std::string>>(value))
        target.push_back(index_of<E>(names, one));
    };
    field.get = [member, names](const void* owner) -> Value {
      std::vector<std::string> texts;
      for (const E one : static_cast<const T*>(owner)->*member)
        texts.emplace_back(names[static_cast<std::size_t>(one)]);
      return texts;
    };
    return *this;
  }
  // `accept: [word]` for one flag.
  Declare& accepts(const char* name, bool T::*member, std::string_view word, const char* help) {
    Field& field = add(name, Shape::Words, help, false);
    field.words = {word};
    field.put = [member](void* owner, const Value& value) {
      static_cast<T*>(owner)->*member = !std::get<std::vector<std::string>>(value).empty();
    };
    field.get = [member, word](const void* owner) -> Value {
      std::vector<std::string> texts;
      if (static_cast<const T*>(owner)->*member) texts.emplace_back(word);
      return texts;
    };
    return *this;
  }
  template <typename Inner>
  Declare& object(const char* name, Inner T::*member, Declare<Inner> inner, const char* help) {
    Field& field = add(name, Shape::Object, help, false);
    field.inner = std::make_shared<const Table>(std::move(inner).take());
    field.open = [member](void* owner) -> void* { return &(static_cast<T*>(owner)->*member); };
    field.all = [member](const void* owner) {
      return std::vector<const void*>{&(static_cast<const T*>(owner)->*member)};
    };
    return *this;
  }
  template <typename Inner>
  Declare& objects(const char* name, std::vector<Inner> T::*member, Declare<Inner> inner, const char* help) {
    Field& field = add(name, Shape::Objects, help, false);
    field.inner = std::make_shared<const Table>(std::move(inner).take());
    field.open = [member](void* owner) -> void* { return &(static_cast<T*>(owner)->*member).emplace_back(); };
    field.all = [member](const void* owner) {
      std::vector<const void*> pointers;
      for (const Inner& one : static_cast<const T*>(owner)->*member) pointers.push_back(&one);
      return pointers;
    };
    return *this;
  }

  [[nodiscard]] Table take() && { return std::move(table_); }

 private:
  template <typename E, typename Names>
  static E index_of(const Names& names, const std::string& word) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == word) return static_cast<E>(i);
    }
    throw Error(ErrorKind::Internal, "declaration: '" + word + "' passed the reader but is not a valid word");
  }
  Field& add(const char* name, Shape shape, const char* help, bool required) {
    Field& field = table_.fields.emplace_back();
    field.name = name;
    field.shape = shape;
    field.help = help;
    field.required = required;
    return field;
  }
  Table table_;
};

}  // namespace curfew::app
