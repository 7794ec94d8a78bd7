#include "core/app/database.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/error.hpp"
#include "core/store/cluster_files.hpp"
#include "core/store/migrations.hpp"

namespace curfew::app {
namespace {

store::ConnectionInfo server_of(const Settings& settings) {
  const DatabaseSettings& database = settings.database;
  if (!database.password_file.empty() || !database.password_env.empty()) {
    const char* key = database.password_file.empty() ? "database.password_env" : "database.password_file";
    const std::string password = read_secret(settings, key, database.password_file, database.password_env);
    // libpq's own way: so that the password is in no connection string that an error could show.
    ::setenv("PGPASSWORD", password.c_str(), 1);
  }
  return {database.url};
}

std::unique_ptr<store::EmbeddedCluster> embedded(const std::string& folder, bool throwaway) {
  store::ClusterOptions options;
  options.data_directory = folder;
  options.throwaway = throwaway;
  return std::make_unique<store::EmbeddedCluster>(std::move(options));
}

// The cluster that a running daemon holds: asked over its socket, left alone otherwise.
std::optional<store::ConnectionInfo> running_cluster(const std::string& data) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(fs::path(data) / "postgres", error);
  const fs::path sockets = store::socket_directory_for(folder);
  if (!fs::exists(sockets / ".s.PGSQL.5432", error)) return std::nullopt;
  const fs::path passwords = folder / "application.pgpass";
  for (const fs::path& path : {sockets, passwords}) {
    if (path.string().find_first_of("'\\") != std::string::npos) return std::nullopt;  // would need quoting
  }
  return store::ConnectionInfo{"host='" + sockets.string() + "' dbname='curfew' user=curfew_app passfile='" +
                               passwords.string() + "'"};
}

}  // namespace

store::ConnectionInfo Database::connection() const { return cluster_ ? cluster_->application() : server_; }

store::ConnectionInfo Database::owner() const { return cluster_ ? cluster_->owner() : server_; }

Database open_database(const Settings& settings, Log& log) {
  if (!settings.database.url.empty()) {
    Database database(server_of(settings));
    const store::SchemaStatus status = store::schema_status(database.connection());
    if (status.current != status.wanted)
      throw error_at(settings.marks, "database.url",
                     "the database's schema is at step " + std::to_string(status.current) +
                         ", this program needs " + std::to_string(status.wanted) +
                         "; run `curfew db migrate --database URL` as a PostgreSQL superuser");
    for (const std::string& problem :
         store::Store(database.connection(), store::Role::Reader).durability_problems())
      log.warning("the database server: " + problem);
    return database;
  }
  Database database(embedded(settings.data + "/postgres", false));
  for (const std::string& line : store::migrate(database.owner())) log.info(line);
  return database;
}

Database throwaway_database(const std::string& folder) {
  Database database(embedded(folder, true));
  (void)store::migrate(database.owner());
  return database;
}

Database ledger_database(const std::string& config, const std::string& url) {
  if (!url.empty()) return Database(store::ConnectionInfo{url});
  if (config.empty()) throw Error(ErrorKind::Usage, "name the ledger: --config FILE, or --database URL");
  const Settings settings = load_configuration(config);
  if (!settings.database.url.empty()) return Database(server_of(settings));
  try {
    return Database(embedded(settings.data + "/postgres", false));
  } catch (const Error& error) {
    const auto running =
        error.kind() == ErrorKind::Unavailable ? running_cluster(settings.data) : std::nullopt;
    if (!running) throw;
    return Database(*running);
  }
}

}  // namespace curfew::app
