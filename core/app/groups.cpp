#include "core/app/groups.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

void add(std::string_view identifier, connector::GroupMembers& members) {
  const std::size_t colon = identifier.find(':');
  members.names.push_back(
      {std::string(identifier.substr(0, colon)), std::string(identifier.substr(colon + 1))});
}

void read_file(const Settings& settings, std::size_t index, connector::GroupMembers& members) {
  const std::string& file = settings.groups[index].members_file;
  const auto fail = [&](const std::string& what) {
    throw error_at(settings.marks, "groups[" + std::to_string(index) + "].members_file", file + what);
  };
  std::ifstream in(file);
  if (!in) fail(": can't be read");
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    const std::string_view identifier = base::trim(text);
    if (identifier.empty() || identifier.starts_with('#')) continue;
    if (!is_identifier(identifier) || !base::is_clean_utf8(identifier))
      fail(", line " + std::to_string(line) + ": must be namespace:value, like upn:alice@corp.test");
    if (members.names.size() >= connector::most_group_names)
      fail(", line " + std::to_string(line) + ": more than " + std::to_string(connector::most_group_names) +
           " names");
    add(identifier, members);
  }
  if (in.bad()) fail(": can't be read to its end");
}

}  // namespace

Grouped to_grouped(std::string_view teller, const connector::GroupMembers& members,
                   connector::Admission& admission) {
  Grouped told;
  told.input.provider = teller;
  told.input.group = members.group;
  for (const model::NamedValue& name : members.names) {
    const model::Ref ref = admission.introduce(name.name_space, name.value, told.introduced);
    if (ref) told.input.members.push_back(ref);
  }
  std::sort(told.input.members.begin(), told.input.members.end());
  told.input.members.erase(std::unique(told.input.members.begin(), told.input.members.end()),
                           told.input.members.end());
  return told;
}

std::vector<Grouped> configured_groups(const Settings& settings, connector::Admission& admission) {
  std::vector<Grouped> all;
  for (std::size_t i = 0; i < settings.groups.size(); ++i) {
    connector::GroupMembers members{.group = settings.groups[i].name, .names = {}};
    for (const std::string& identifier : settings.groups[i].members) add(identifier, members);
    if (!settings.groups[i].members_file.empty()) read_file(settings, i, members);
    all.push_back(to_grouped("configuration", members, admission));
  }
  return all;
}

}  // namespace curfew::app
