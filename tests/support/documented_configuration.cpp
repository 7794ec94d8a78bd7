#include "tests/support/documented_configuration.hpp"

#include <fstream>

#include "core/app/configuration.hpp"
#include "core/app/connectors.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::support {

std::string documented_configuration(const std::string& page, const std::string& secret) {
  std::ifstream in(std::string(CURFEW_SOURCE_DIR) + "/docs/connectors/" + page);
  std::string yaml;
  for (std::string line; std::getline(in, line) && (yaml.empty() || line.starts_with("    "));) {
    if (line.starts_with("    ")) yaml += line.substr(4) + "\n";
  }
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "secret").string();
  std::ofstream(file) << "s\n";
  for (std::size_t at = yaml.find(secret); at != std::string::npos; at = yaml.find(secret, at + file.size()))
    yaml.replace(at, secret.size(), file);
  const app::Settings settings = app::parse_configuration("c.yaml", yaml);
  app::check_sources(settings, app::describe_connectors(settings));
  return yaml;
}

}  // namespace curfew::support
