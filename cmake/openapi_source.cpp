// Run by the build: turns the YAML of the API's description into JSON, and that into C++.
//
//   openapi_source core/api/openapi.yaml generated/openapi.cpp
#include <yaml-cpp/yaml.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace {

using Json = nlohmann::ordered_json;

Json converted(const YAML::Node& node);

// Plain text is what it would be in JSON, if that is a number or a word of JSON's; else text, like all that
// is quoted.
Json converted_scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  Json value = Json::parse(text, nullptr, false);
  if (value.is_primitive()) return value;
  return text;
}

// What stands in the map itself wins over what `<<` brings.
Json converted_map(const YAML::Node& node) {
  Json map = Json::object();
  Json taken_over = Json::object();
  for (const auto& entry : node) {
    const std::string& key = entry.first.Scalar();
    Json value = converted(entry.second);
    if (key == "<<") {
      if (!value.is_array()) value = Json::array({std::move(value)});
      for (const Json& part : value) taken_over.update(part);
    } else if (map.contains(key)) {
      throw std::runtime_error("line " + std::to_string(entry.first.Mark().line + 1) + ": '" + key +
                               "' is there twice");
    } else {
      map[key] = std::move(value);
    }
  }
  for (const auto& [key, value] : taken_over.items()) {
    if (!map.contains(key)) map[key] = value;
  }
  return map;
}

Json converted(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return converted_scalar(node);
    case YAML::NodeType::Map:
      return converted_map(node);
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& item : node) list.push_back(converted(item));
      return list;
    }
    case YAML::NodeType::Null:
      return nullptr;
    case YAML::NodeType::Undefined:
      break;
  }
  throw std::runtime_error("line " + std::to_string(node.Mark().line + 1) + ": no value");
}

// Compilers need not take longer ones than 65,536 characters (C++20, Annex B).
constexpr std::size_t longest_literal = 60'000;

void write(const std::string& yaml, const std::string& source) {
  Json document = converted(YAML::LoadFile(yaml));
  document.erase("parts");
  const std::string text = document.dump();
  std::ofstream out(source);
  out << "// Made by the build from core/api/openapi.yaml.\n"
         "#include \"core/api/openapi.hpp\"\n\n"
         "#include <string>\n\n"
         "namespace curfew::api {\n\n"
         "std::string_view openapi_document() {\n"
         "  static const std::string document = [] {\n"
         "    std::string text;\n";
  for (std::size_t at = 0; at < text.size(); at += longest_literal)
    out << "    text += R\"openapi(" << text.substr(at, longest_literal) << ")openapi\";\n";
  out << "    return text;\n"
         "  }();\n"
         "  return document;\n"
         "}\n\n"
         "}  // namespace curfew::api\n";
  out.close();
  if (!out) throw std::runtime_error("can't write " + source);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: openapi_source <description.yaml> <source.cpp>\n";
    return 2;
  }
  try {
    write(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ": " << error.what() << "\n";
    return 1;
  }
}
