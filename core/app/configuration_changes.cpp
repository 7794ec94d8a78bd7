// What differs between two configurations, key by key, as the declaration knows them.
#include <map>

#include "core/app/configuration_table.hpp"

namespace curfew::app {
namespace {

// The elements of a list by their name, or by their place where they have none.
std::map<std::string, const void*> by_name(const Field& list, const void* owner) {
  std::map<std::string, const void*> elements;
  const Field* name = list.inner->find("name");
  for (const void* element : list.all(owner)) {
    std::string key =
        name == nullptr ? std::to_string(elements.size()) : std::get<std::string>(name->get(element));
    elements.emplace(std::move(key), element);
  }
  return elements;
}

void compare(const Table& table, const void* before, const void* after, const std::string& above,
             std::vector<std::string>& changed) {
  for (const Field& field : table.fields) {
    const std::string path = above.empty() ? field.name : above + "." + field.name;
    if (field.shape == Shape::Object) {
      compare(*field.inner, field.all(before).front(), field.all(after).front(), path, changed);
    } else if (field.shape == Shape::Objects) {
      const auto old_elements = by_name(field, before);
      const auto new_elements = by_name(field, after);
      for (const auto& [name, element] : old_elements) {
        const std::string at = path + "[" + name + "]";
        const auto same = new_elements.find(name);
        if (same == new_elements.end())
          changed.push_back(at);
        else
          compare(*field.inner, element, same->second, at, changed);
      }
      for (const auto& [name, element] : new_elements) {
        if (!old_elements.contains(name)) changed.push_back(path + "[" + name + "]");
      }
    } else if (field.get(before) != field.get(after)) {
      changed.push_back(path);
    }
  }
}

}  // namespace

std::vector<std::string> changed_keys(const Settings& before, const Settings& after) {
  std::vector<std::string> changed;
  compare(configuration_table(), &before, &after, {}, changed);
  return changed;
}

}  // namespace curfew::app
