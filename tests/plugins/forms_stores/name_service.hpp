// What the name service says in this test's process: every library in it that resolves a name asks here, as
// the binary has a getaddrinfo of its own. Names that no test speaks of are the system's.
//
//   NameService names;
//   names.says("db.corp.test", "127.0.0.1");
//   names.hangs("db.corp.test", 1);   // after one more answer, none until `names` ends
//
// Threads: any; one at a time lives. Owns: nothing; its end lets all that hang fail, and waits for them.
#pragma once

#include <cstddef>
#include <string>

namespace curfew::forms_test {

class NameService {
 public:
  NameService();
  ~NameService();
  NameService(const NameService&) = delete;
  NameService& operator=(const NameService&) = delete;

  void says(const std::string& name, const std::string& address);
  void hangs(const std::string& name, std::size_t after = 0);
  // That hang now.
  [[nodiscard]] std::size_t hanging() const;
};

}  // namespace curfew::forms_test
