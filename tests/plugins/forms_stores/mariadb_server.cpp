#include "tests/plugins/forms_stores/mariadb_server.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace curfew::forms_test {

namespace fs = std::filesystem;

bool MariadbServer::is_installed() {
  return fs::exists("/usr/sbin/mariadbd") && fs::exists("/usr/bin/mariadb-install-db");
}

MariadbServer& MariadbServer::instance() {
  static MariadbServer server;
  return server;
}

MariadbServer::MariadbServer(const std::vector<std::string>& more) {
  const std::string data = (folder_.path() / "data").string();
  const std::string user = ::geteuid() == 0 ? " --user=root" : "";
  const std::string install =
      "/usr/bin/mariadb-install-db --no-defaults --skip-test-db "
      "--auth-root-authentication-method=normal --datadir=" +
      data + user + " >" + (folder_.path() / "install.log").string() + " 2>&1";
  if (std::system(install.c_str()) != 0) throw std::runtime_error("mariadb-install-db failed");
  std::vector<std::string> words{"/usr/sbin/mariadbd",
                                 "--no-defaults",
                                 "--datadir=" + data,
                                 "--socket=" + socket(),
                                 "--pid-file=" + (folder_.path() / "pid").string(),
                                 "--log-error=" + (folder_.path() / "log").string(),
                                 "--innodb-buffer-pool-size=16M",
                                 "--innodb-flush-log-at-trx-commit=0"};
  words.insert(words.end(), more.begin(), more.end());
  if (::geteuid() == 0) words.emplace_back("--user=root");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (::posix_spawn(&process_, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
    throw std::runtime_error("mariadbd can't be started");
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (;;) {
    try {
      run("SELECT 1");
      return;
    } catch (const std::runtime_error&) {
      if (std::chrono::steady_clock::now() > end) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // between two looks
    }
  }
}

MariadbServer::~MariadbServer() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  int status = 0;
  ::waitpid(process_, &status, 0);
}

std::string MariadbServer::run(const std::string& sql) const {
  const fs::path file = folder_.path() / "statement.sql";
  std::ofstream(file) << sql << ";\n";
  const std::string command =
      "/usr/bin/mariadb --no-defaults --batch --skip-column-names --user=root --socket=" + socket() + " <" +
      file.string() + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no pipe");
  std::string out;
  std::array<char, 4096> bytes{};
  while (const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), pipe))
    out.append(bytes.data(), size);
  if (::pclose(pipe) != 0) throw std::runtime_error(sql + ": " + out);
  return out;
}

}  // namespace curfew::forms_test
