#include "tests/plugins/forms_stores/postgresql_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::forms_test {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void wait_until(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("PostgreSQL does not get there");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks
  }
}

}  // namespace

PostgresqlServer::PostgresqlServer(const std::string& client_ca) : data_(ask("SHOW data_directory")) {
  // An address of its own: the port is everybody's.
  const auto process = static_cast<unsigned>(::getpid());
  address_ = "127." + std::to_string(1 + (process >> 8U) % 250) + "." + std::to_string(process % 256) + ".1";
  (void)ask("CREATE ROLE looker LOGIN PASSWORD 'looker''s password'");
  (void)ask("CREATE ROLE certified LOGIN PASSWORD 'looker''s password'");
  (void)ask("CREATE TABLE app_session (id text PRIMARY KEY)");
  (void)ask("GRANT SELECT ON app_session TO looker, certified");
  put("client_ca.pem", read(client_ca));
  put("hba.conf",
      "local all all scram-sha-256\n"
      "hostssl all certified all scram-sha-256 clientcert=verify-ca\n"
      "host all looker all scram-sha-256\n");
  configure("ssl = off\n");
  const pid_t before = cluster_.server().postmaster();
  ::kill(before, SIGINT);
  wait_until([&] { return cluster_.server().revive(); });
  wait_until([&] {
    try {
      return ask("SHOW listen_addresses") == address_;
    } catch (const Error&) {
      return false;  // it starts
    }
  });
}

void PostgresqlServer::serve(const support::Certificate* certificate) {
  std::string tls = "ssl = off\n";
  std::string file;
  if (certificate != nullptr) {
    file = "served" + std::to_string(next_++);
    put(file + ".pem", read(certificate->certificate));
    put(file + ".key", read(certificate->key));
    tls = "ssl = on\nssl_ca_file = 'client_ca.pem'\nssl_cert_file = '" + file + ".pem'\nssl_key_file = '" +
          file + ".key'\n";
  }
  configure(tls);
  (void)ask("SELECT pg_reload_conf()::text");
  // Whoever connects now is shown what the next one meets.
  wait_until(
      [&] { return file.empty() ? ask("SHOW ssl") == "off" : ask("SHOW ssl_cert_file") == file + ".pem"; });
}

std::string PostgresqlServer::ask(const std::string& sql) {
  store::ServerConnection connection(cluster_.server().owner("postgres"));
  if (!sql.starts_with("S")) {
    connection.execute(sql);
    return {};
  }
  return std::string(connection.query(sql, {}).text(0, 0));
}

void PostgresqlServer::put(const std::string& name, const std::string& content) {
  const std::filesystem::path path = data_ / name;
  std::ofstream(path) << content;
  struct stat folder {};
  if (::stat(data_.c_str(), &folder) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::chown(path.c_str(), folder.st_uid, folder.st_gid) != 0)
    throw std::runtime_error(path.string() + " can't be given to the server");
}

void PostgresqlServer::configure(const std::string& tls) {
  put("curfew-local.conf",
      "listen_addresses = '" + address_ + "'\nhba_file = '" + (data_ / "hba.conf").string() + "'\n" + tls);
}

}  // namespace curfew::forms_test
