#include "core/app/yaml_reader.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <set>

#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace curfew::app {
namespace {

constexpr int max_depth = 32;
constexpr int max_nodes = 200'000;  // aliases can multiply a small file

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view near = base::nearest(word, candidates);
  return near.empty() ? std::string{} : "; did you mean '" + std::string(near) + "'?";
}

template <typename N>
bool whole_number(const std::string& text, N& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

class Reader {
 public:
  Reader(const std::string& file, std::map<std::string, Mark>& marks) : file_(file), marks_(marks) {}

  void mapping(const YAML::Node& node, const Table& table, void* owner, const std::string& path, int depth) {
    visit(node, depth);
    if (!node.IsMap())
      fail(node, (path.empty() ? std::string("the configuration") : "'" + path + "'") +
                     " must be a mapping of keys to values");
    marks_.try_emplace(path, mark_of(node));
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const std::string key = key_of(pair.first);
      const std::string where = path.empty() ? key : path + "." + key;
      if (!seen.insert(key).second) fail(pair.first, "key '" + key + "' is there twice");
      const Field* field = table.find(key);
      if (field == nullptr) unknown_key(pair.first, key, table);
      read(*field, pair.first, pair.second, owner, where, depth + 1);
    }
    for (const Field& field : table.fields) {
      if (field.required && !seen.contains(field.name))
        fail(node, table.title + " has no '" + field.name + "'" +
                       (path.empty() ? std::string{} : " (" + path + ")"));
    }
  }

 private:
  static Mark mark_in(const std::string& file, const YAML::Node& node) {
    const YAML::Mark mark = node.Mark();
    return {file, mark.line + 1, mark.column + 1};
  }
  Mark mark_of(const YAML::Node& node) const { return mark_in(file_, node); }

  [[noreturn]] void fail(const YAML::Node& node, const std::string& text) const {
    throw Error(ErrorKind::Configuration, to_text(mark_of(node)) + ": " + text);
  }

  [[noreturn]] void unknown_key(const YAML::Node& node, const std::string& key, const Table& table) const {
    std::vector<std::string_view> known;
    for (const Field& field : table.fields) known.emplace_back(field.name);
    std::string hint = suggestion(key, known);
    if (hint.empty()) hint = "; known here are: " + joined(known);
    fail(node, "unknown key '" + key + "' in " + table.title + hint);
  }

  void visit(const YAML::Node& node, int depth) {
    if (depth > max_depth) fail(node, "nested deeper than " + std::to_string(max_depth) + " levels");
    if (++nodes_ > max_nodes) fail(node, "more than " + std::to_string(max_nodes) + " values");
  }

  std::string key_of(const YAML::Node& node) const {
    if (!node.IsScalar()) fail(node, "a key must be a word");
    return node.Scalar();
  }

  std::string scalar(const YAML::Node& node, const std::string& key) const {
    if (node.IsNull()) fail(node, "'" + key + "' has no value");
    if (!node.IsScalar()) fail(node, "'" + key + "' must be a single value");
    if (!base::is_clean_utf8(node.Scalar())) fail(node, "'" + key + "' is not UTF-8");
    return node.Scalar();
  }

  std::vector<std::string> list(const YAML::Node& node, const std::string& key, int depth) {
    std::vector<std::string> texts;
    if (node.IsSequence()) {
      for (const auto& one : node) {
        visit(one, depth + 1);
        texts.push_back(scalar(one, key));
      }
    } else {
      texts.push_back(scalar(node, key));
    }
    return texts;
  }

  void check_word(const YAML::Node& node, const Field& field, const std::string& word) const {
    for (const std::string_view known : field.words) {
      if (known == word) return;
    }
    fail(node, "'" + word + "' is no " + field.name + suggestion(word, field.words) + " (one of " +
                   joined(field.words) + ")");
  }

  Value value_of(const Field& field, const YAML::Node& node, int depth) {
    const std::string& key = field.name;
    switch (field.shape) {
      case Shape::Text:
        return scalar(node, key);
      case Shape::Word: {
        std::string word = scalar(node, key);
        check_word(node, field, word);
        return word;
      }
      case Shape::Whole: {
        std::int64_t number = 0;
        const std::string text = scalar(node, key);
        if (!whole_number(text, number))
          fail(node, "'" + key + "' must be a whole number, not '" + text + "'");
        if (number < field.least || number > field.most)
          fail(node, "'" + key + "' must be from " + std::to_string(field.least) + " to " +
                         std::to_string(field.most) + ", not " + text);
        return number;
      }
      case Shape::Flag: {
        const std::string text = scalar(node, key);
        if (text == "true") return true;
        if (text == "false") return false;
        fail(node, "'" + key + "' must be true or false, not '" + text + "'");
      }
      case Shape::Span: {
        const std::string text = scalar(node, key);
        const std::optional<Duration> span = base::parse_duration(text);
        if (!span)
          fail(node, "'" + key + "' must be a duration like 90s, 15m, 12h or 1h30m, not '" + text + "'");
        if (span->count() < field.least || span->count() > field.most)
          fail(node, "'" + key + "' must be from " + base::format_duration(Duration(field.least)) + " to " +
                         base::format_duration(Duration(field.most)) + ", not " + text);
        return *span;
      }
      case Shape::Texts:
        return list(node, key, depth);
      case Shape::Words: {
        std::vector<std::string> words = list(node, key, depth);
        for (const std::string& word : words) check_word(node, field, word);
        return words;
      }
      case Shape::Json: {
        if (!node.IsMap()) fail(node, "'" + key + "' must be a mapping");
        return to_json(node, depth).dump();
      }
      case Shape::Object:
      case Shape::Objects:
        break;
    }
    fail(node, "'" + key + "' can't be read");
  }

  void read(const Field& field, const YAML::Node& key, const YAML::Node& node, void* owner,
            const std::string& path, int depth) {
    visit(node, depth);
    if (field.shape == Shape::Object) {
      mapping(node, *field.inner, field.open(owner), path, depth);
      return;
    }
    if (field.shape == Shape::Objects) {
      if (!node.IsSequence()) fail(node, "'" + path + "' must be a list (each item after a '-')");
      marks_.try_emplace(path, mark_of(key));
      for (const auto& one : node) {
        const std::size_t index = field.all(owner).size();
        mapping(one, *field.inner, field.open(owner), path + "[" + std::to_string(index) + "]", depth + 1);
      }
      return;
    }
    if (const auto before = marks_.find(path); before != marks_.end())
      fail(key, "'" + path + "' was already said at " + to_text(before->second));
    if (field.shape == Shape::Json) json_path_ = path;
    field.put(owner, value_of(field, node, depth));
    marks_[path] = mark_of(node);
  }

  // Plain scalars are typed as YAML's core schema types them; quoted ones are text.
  nlohmann::ordered_json to_json(const YAML::Node& node, int depth) {
    visit(node, depth);
    marks_.try_emplace(json_path_, mark_of(node));
    if (node.IsNull()) return nullptr;
    if (node.IsMap()) {
      auto object = nlohmann::ordered_json::object();
      const std::string outer = json_path_;
      for (const auto& pair : node) {
        const std::string key = key_of(pair.first);
        if (object.contains(key)) fail(pair.first, "key '" + key + "' is there twice");
        json_path_ = outer + "." + key;
        marks_.try_emplace(json_path_, mark_of(pair.first));
        object[key] = to_json(pair.second, depth + 1);
      }
      json_path_ = outer;
      return object;
    }
    if (node.IsSequence()) {
      auto array = nlohmann::ordered_json::array();
      const std::string outer = json_path_;
      for (const auto& one : node) {
        json_path_ = outer + "[" + std::to_string(array.size()) + "]";
        array.push_back(to_json(one, depth + 1));
      }
      json_path_ = outer;
      return array;
    }
    const std::string& text = node.Scalar();
    if (!base::is_clean_utf8(text)) fail(node, "a value is not UTF-8");
    if (node.Tag() != "?") return text;
    if (text == "true") return true;
    if (text == "false") return false;
    if (text == "null" || text == "~") return nullptr;
    std::int64_t whole = 0;
    if (whole_number(text, whole)) return whole;
    double real = 0;
    const bool looks_real = text.find_first_not_of("+-0123456789.eE") == std::string::npos;
    if (looks_real && whole_number(text, real)) return real;
    return text;
  }

  const std::string& file_;
  std::map<std::string, Mark>& marks_;
  std::string json_path_;
  int nodes_ = 0;
};

// Whatever bytes a text in another encoding has, yaml-cpp hands on as they are.
void require_utf8(const std::string& file, std::string_view text) {
  if (base::is_clean_utf8(text)) return;
  // Cleaned, it is the same up to the first byte that is out of place.
  const std::string clean = base::to_clean_utf8(text);
  const auto good =
      static_cast<std::size_t>(std::mismatch(text.begin(), text.end(), clean.begin()).first - text.begin());
  const std::string_view before = text.substr(0, good);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const std::size_t column = 1 + (newline == std::string_view::npos ? good : good - newline - 1);
  throw Error(ErrorKind::Configuration, to_text({file, static_cast<int>(line), static_cast<int>(column)}) +
                                            ": this is not UTF-8; save the file in UTF-8");
}

}  // namespace

std::string to_text(const Mark& mark) {
  return mark.file + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

Error error_at(const std::map<std::string, Mark>& marks, std::string path, const std::string& text) {
  while (true) {
    if (const auto at = marks.find(path); at != marks.end())
      return {ErrorKind::Configuration, to_text(at->second) + ": " + text};
    if (path.empty()) return {ErrorKind::Configuration, text};
    const std::size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
}

void read_yaml(const std::string& file, std::string_view text, const Table& table, void* object,
               std::map<std::string, Mark>& marks) {
  if (text.size() > max_configuration_bytes)
    throw Error(ErrorKind::Configuration,
                file + ": larger than " + std::to_string(max_configuration_bytes) + " bytes");
  require_utf8(file, text);
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsDefined() || root.IsNull()) return;  // an empty file says nothing
    Reader(file, marks).mapping(root, table, object, "", 0);
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::Configuration, file + ":" + std::to_string(error.mark.line + 1) + ":" +
                                              std::to_string(error.mark.column + 1) + ": " + error.msg);
  }
}

}  // namespace curfew::app
