// Which connector reads which input of an audit: told by what the files hold. A connector says in its
// config_schema how its input begins, by regular expressions (RE2) over the first 64 KiB:
//
//   "x-curfew-recognises": ["^ElfFile", "<Event[ >]"], "x-curfew-needs-settings": true
//
// The second says that without settings it can't read what it recognises. Of several connectors the one
// counts whose expression is found first. NULs are left out before, so that UTF-16 looks like ASCII. An
// archive is looked into, and goes as a whole to who recognises most of its members.
//
//   const Recognition found = recognise({"logs/"}, recognisers_of(plugins));
//
// Threads: pure but for reading the files. Owns: nothing. Fails: Error(Input) when an input isn't there,
// Error(Configuration) for an expression that is none.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/connector/host.hpp"

namespace curfew::app {

class Recogniser;

struct Recognition {
  std::map<std::string, std::vector<std::string>> inputs;   // by connector; files
  std::vector<std::string> unknown;                         // files
  std::map<std::string, std::vector<std::string>> unready;  // by connector: it needs settings
};

class Recognisers {
 public:
  // `configured`: connectors whose settings there are.
  Recognisers(const std::vector<connector::PluginInfo>& plugins, const std::vector<std::string>& configured);
  ~Recognisers();
  Recognisers(const Recognisers&) = delete;
  Recognisers& operator=(const Recognisers&) = delete;

  // Files, and folders to all files below but hidden ones.
  [[nodiscard]] Recognition recognise(const std::vector<std::string>& inputs) const;
  // Of one piece of text, the connector's name; empty: nobody's.
  [[nodiscard]] std::string of_head(std::string head) const;

 private:
  [[nodiscard]] std::string of_file(const std::string& path) const;
  std::vector<std::unique_ptr<Recogniser>> all_;
};

}  // namespace curfew::app
