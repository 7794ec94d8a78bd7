#include "core/store/embedded_cluster.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/store/cluster_files.hpp"
#include "core/store/keeper.hpp"
#include "core/store/migrations.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* admin_name = "curfew_admin";
constexpr const char* application_name = "curfew_app";

std::string new_password() {
  std::array<std::uint8_t, 24> bytes{};
  base::fill_random(bytes);
  return base::to_hex(bytes);
}

// As libpq and postgresql.conf both quote.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string last_lines_of(const fs::path& log) {
  const auto text = read_small_file(log);
  if (!text || text->empty()) return "its log " + log.string() + " is empty";
  const std::size_t most = 1500;
  return "the end of " + log.string() + ":\n" +
         (text->size() > most ? text->substr(text->size() - most) : *text);
}

void sync_file_system(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool ok = descriptor >= 0 && syncfs(descriptor) == 0;
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) close(descriptor);
  if (!ok) throw Error(ErrorKind::Unavailable, "can't write " + folder.string() + " to disk: " + reason);
}

// Waits as long as the keeper of the process before us is stopping the cluster.
int take_lock(const fs::path& file) {
  const int lock = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) {
    throw Error(ErrorKind::Unavailable, "can't open " + file.string() + ": " + std::strerror(errno));
  }
  const auto deadline = std::chrono::steady_clock::now() + 120s;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const ssize_t length = pread(lock, holder.data(), holder.size(), 0);
    const std::string_view text(holder.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    // Who has just taken it, has not written yet what it is about. A holder that is gone: its keeper has not
    // let go of what it inherited yet.
    int holder_process = 0;
    std::from_chars(text.data(), text.data() + text.size(), holder_process);
    const bool passing = text.empty() || text.starts_with("stopping") ||
                         (holder_process > 0 && kill(holder_process, 0) != 0 && errno == ESRCH);
    if (!passing || std::chrono::steady_clock::now() > deadline) {
      close(lock);
      throw Error(ErrorKind::Unavailable, "another curfew (process " + std::string(base::trim(text)) +
                                              ") uses the database in " + file.parent_path().string() +
                                              ": stop it, or choose another data directory");
    }
    std::this_thread::sleep_for(20ms);
  }
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) != 0 || pwrite(lock, text.data(), text.size(), 0) < 0) {
    close(lock);
    throw Error(ErrorKind::Unavailable, "can't write " + file.string() + ": " + std::strerror(errno));
  }
  return lock;
}

}  // namespace

EmbeddedCluster::EmbeddedCluster(ClusterOptions options) : options_(std::move(options)) {
  fs::path& folder = options_.data_directory;
  folder = fs::absolute(folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  std::error_code failed;
  fs::create_directories(folder.parent_path(), failed);
  if (failed) {
    throw Error(ErrorKind::Unavailable,
                "can't create " + folder.parent_path().string() + ": " + failed.message());
  }
  folder = fs::canonical(folder.parent_path()) / folder.filename();
  identity_ = system_identity(options_.server_user);
  if (!options_.throwaway) client_ = system_identity(options_.client_user);
  require_passable(folder, identity_);
  require_passable(folder, client_);
  make_private_directory(folder, folder_owner(), folder_mode());
  lock_ = take_lock(folder / "owner.lock");
  // From here on a failure must give the lock back and stop what was started; there is no destructor yet.
  try {
    if (identity_ && fchown(lock_, identity_->user, identity_->group) != 0) {
      throw Error(ErrorKind::Unavailable, "can't give " + (folder / "owner.lock").string() + " to " +
                                              identity_->name + ": " + std::strerror(errno));
    }
    const fs::path data = folder / "cluster";
    socket_directory_ = socket_directory_for(folder);
    make_private_directory(socket_directory_, folder_owner(), folder_mode());
    make_private_directory(folder / "log", identity_);
    const auto stored = major_version_of(data);
    binaries_ = find_binaries(stored);
    if (binaries_.empty()) {
      const fs::path installed = find_binaries(std::nullopt);
      throw Error(
          ErrorKind::Configuration,
          explain_other_version(folder, *stored, std::stoi(installed.parent_path().filename().string())));
    }
    if (!stored) create();
    start_postmaster();
    wait_until_ready();
    provision();
    start_keeper();
  } catch (const Error&) {
    stop();
    throw;
  }
}

EmbeddedCluster::~EmbeddedCluster() { stop(); }

std::optional<Identity> EmbeddedCluster::folder_owner() const {
  if (!client_) return identity_;
  return Identity{identity_->user, client_->group, identity_->name};
}

fs::path EmbeddedCluster::server_log() const { return options_.data_directory / "log" / "server.log"; }

ConnectionInfo EmbeddedCluster::owner(const std::string& database) const {
  return {"host=" + quoted(socket_directory_.string()) + " dbname=" + quoted(database) +
          " user=" + admin_name + " passfile=" + quoted((options_.data_directory / "admin.pgpass").string())};
}

ConnectionInfo EmbeddedCluster::application(const std::string& database) const {
  return {"host=" + quoted(socket_directory_.string()) + " dbname=" + quoted(database) +
          " user=" + application_name +
          " passfile=" + quoted((options_.data_directory / "application.pgpass").string())};
}

void EmbeddedCluster::create() {
  const fs::path& folder = options_.data_directory;
  const fs::path next = folder / "cluster.new";
  fs::remove_all(next);  // an initdb that was killed
  const std::string admin_password = new_password();
  write_private_file(folder / "admin.pgpass",
                     std::string("*:*:*:") + admin_name + ":" + admin_password + "\n", std::nullopt);
  write_private_file(folder / "application.pgpass",
                     std::string("*:*:*:") + application_name + ":" + new_password() + "\n", client_);
  write_private_file(folder / "password.tmp", admin_password + "\n", identity_);
  Command command{.arguments = {(binaries_ / "initdb").string(), "--pgdata", next.string(), "--no-locale",
                                "--encoding=UTF8", std::string("--username=") + admin_name,
                                "--pwfile=" + (folder / "password.tmp").string(), "--auth=scram-sha-256",
                                "--no-instructions"},
                  .identity = identity_,
                  .output_file = {},
                  .own_session = true};
  // initdb would sync its thousand files one by one; one call for the file system does the same, sooner.
  command.arguments.emplace_back("--no-sync");
  if (!options_.throwaway) command.arguments.emplace_back("--data-checksums");
  const Finished finished = run(command, 300s);
  fs::remove(folder / "password.tmp");
  if (!finished.ok()) {
    throw Error(ErrorKind::Unavailable, "initdb could not make a database in " + next.string() +
                                            (finished.timed_out ? " within 5 minutes" : "") + ": " +
                                            finished.output);
  }
  // Only a complete cluster gets the name.
  if (!options_.throwaway) sync_file_system(folder);
  fs::rename(next, folder / "cluster");
  if (!options_.throwaway) sync_file_system(folder);
  how_started_ = HowStarted::Created;
}

void EmbeddedCluster::write_settings() const {
  const std::string on = options_.throwaway ? "off" : "on";
  std::string text =
      "# Written by curfew at each start. Settings of your own go to curfew-local.conf beside this file.\n"
      "listen_addresses = ''\n"
      "password_encryption = 'scram-sha-256'\n"
      "jit = off\n"
      "max_connections = 60\n"
      "shared_buffers = '192MB'\n"
      "max_wal_size = '4GB'\n"
      "checkpoint_timeout = '15min'\n"
      "wal_compression = 'lz4'\n"
      "timezone = 'UTC'\n"
      "log_timezone = 'UTC'\n"
      "log_line_prefix = '%m [%p] %u '\n"
      "log_min_messages = 'warning'\n"
      "log_checkpoints = off\n"
      "update_process_title = off\n";
  // Where the daemon is another user, the folder of the socket is what lets it in and keeps others out.
  text += std::string("unix_socket_permissions = ") + (client_ ? "0777" : "0700") + "\n";
  text += "unix_socket_directories = " + quoted(socket_directory_.string()) + "\n";
  text += "fsync = " + on + "\nfull_page_writes = " + on + "\nsynchronous_commit = " + on + "\n";
  if (options_.throwaway) {
    text += "wal_level = 'minimal'\nmax_wal_senders = 0\nautovacuum_naptime = '5min'\n";
  } else {
    // The server's own log, a week of it.
    text +=
        "logging_collector = on\nlog_directory = '../log'\nlog_filename = 'postgresql-%a.log'\n"
        "log_truncate_on_rotation = on\nlog_rotation_age = '1d'\nlog_rotation_size = 0\n";
  }
  text += "include_if_exists = 'curfew-local.conf'\n";
  const fs::path data = options_.data_directory / "cluster";
  write_private_file(data / "postgresql.conf", text, identity_);
  write_private_file(data / "pg_hba.conf", "local all all scram-sha-256\n", identity_);
}

void EmbeddedCluster::start_postmaster() {
  const fs::path data = options_.data_directory / "cluster";
  if (const auto lock = read_postmaster_lock(data)) {
    if (works_in(lock->process, data)) {
      if (!lock->listen_address.empty() || lock->socket_directory != socket_directory_.string()) {
        throw Error(ErrorKind::Unavailable,
                    "process " + std::to_string(lock->process) + " already serves " + data.string() +
                        ", and curfew did not start it (it listens on '" + lock->listen_address +
                        "', socket folder '" + lock->socket_directory + "'): stop it with `pg_ctl -D " +
                        data.string() + " stop`");
      }
      postmaster_ = lock->process;
      postmaster_descriptor_ = open_process(postmaster_);
      how_started_ = HowStarted::Adopted;
      return;
    }
    // PostgreSQL itself clears a lock whose process is gone, after a look at the shared memory. It does not
    // when the number now belongs to another process: then the lock is ours to remove, but only if no child
    // of the dead server still works on the files.
    const bool number_was_reused = kill(lock->process, 0) == 0 || errno == EPERM;
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (anybody_works_in(data)) {
      if (std::chrono::steady_clock::now() > deadline) {
        throw Error(ErrorKind::Unavailable,
                    "the database server in " + data.string() +
                        " died, but processes of it still work there: end them (`fuser -v " + data.string() +
                        "` lists them), then start again");
      }
      std::this_thread::sleep_for(20ms);
    }
    if (number_was_reused) {
      fs::remove(data / "postmaster.pid");
      fs::remove(socket_directory_ / ".s.PGSQL.5432.lock");
      fs::remove(socket_directory_ / ".s.PGSQL.5432");
    }
  }
  write_settings();
  const std::string log = (options_.data_directory / "log" / "server.log").string();
  write_private_file(log, "", std::nullopt);
  postmaster_ = start({.arguments = {(binaries_ / "postgres").string(), "-D", data.string()},
                       .identity = identity_,
                       .output_file = log,
                       .own_session = true});
  is_our_child_ = true;
  postmaster_descriptor_ = open_process(postmaster_);
}

void EmbeddedCluster::wait_until_ready() {
  const auto deadline = std::chrono::steady_clock::now() + options_.start_patience;
  for (;;) {
    const auto lock = read_postmaster_lock(options_.data_directory / "cluster");
    if (lock && lock->process == postmaster_ && lock->status == "ready") return;
    if (postmaster_descriptor_ < 0 || wait_for_end(postmaster_descriptor_, 10ms)) {
      throw Error(ErrorKind::Unavailable, "the database server in " + options_.data_directory.string() +
                                              " did not start; " + last_lines_of(server_log()));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::Unavailable, "the database server in " + options_.data_directory.string() +
                                              " is still not ready; " + last_lines_of(server_log()));
    }
  }
}

void EmbeddedCluster::provision() {
  ServerConnection connection(owner("postgres"));
  const auto exists = connection.query("SELECT 1 FROM pg_database WHERE datname = 'curfew'", {});
  if (exists.rows() > 0) return;
  const auto passwords = read_small_file(options_.data_directory / "application.pgpass");
  const std::string prefix = std::string("*:*:*:") + application_name + ":";
  if (!passwords || !passwords->starts_with(prefix)) {
    throw Error(ErrorKind::Corrupt,
                (options_.data_directory / "application.pgpass").string() +
                    " is missing or damaged: restore it, or set a new password for the role " +
                    application_name);
  }
  const std::string password(base::trim(std::string_view(*passwords).substr(prefix.size())));
  connection.execute(roles_sql());
  // The server sees the verifier only; a password in a statement could end up in its log.
  connection.execute(std::string("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '") +
                     application_name + "') THEN CREATE ROLE " + application_name +
                     " LOGIN NOINHERIT; END IF; END $$");
  connection.execute(std::string("ALTER ROLE ") + application_name + " PASSWORD '" +
                     connection.password_verifier(application_name, password) + "'");
  connection.execute(std::string("GRANT curfew_writer, curfew_auditor TO ") + application_name);
  connection.execute("CREATE DATABASE curfew");
}

void EmbeddedCluster::start_keeper() {
  keeper_ = store::start_keeper(
      {.lock_file = options_.data_directory / "owner.lock",
       .postmaster_descriptor = postmaster_descriptor_,
       .server = {(binaries_ / "postgres").string(), "-D", (options_.data_directory / "cluster").string()},
       .identity = options_.throwaway ? std::nullopt : identity_,
       .grace = options_.throwaway ? 0s : options_.grace,
       .remove_folder = options_.throwaway ? options_.data_directory : fs::path{}});
}

bool EmbeddedCluster::revive() {
  if (lock_ < 0) return false;
  if (postmaster_descriptor_ >= 0) {
    if (!wait_for_end(postmaster_descriptor_, 0ms)) return false;
    close(postmaster_descriptor_);
    postmaster_descriptor_ = -1;
    if (is_our_child_) {
      while (waitpid(postmaster_, nullptr, 0) < 0 && errno == EINTR) {
      }
      is_our_child_ = false;
    }
  }
  if (identity_ && geteuid() != 0) {
    // Root was left since the start: the keeper alone is still the server's user.
    postmaster_ = keeper_.start_server();
    postmaster_descriptor_ = open_process(postmaster_);
    return true;
  }
  keeper_.dismiss();  // it holds the descriptor of the server that is gone
  start_postmaster();
  start_keeper();
  return true;
}

void EmbeddedCluster::end_postmaster() {
  // SIGINT: a fast, clean shutdown. SIGQUIT: at once, with crash recovery at the next start. Who left root
  // since the start may not signal the server: its keeper may.
  for (const int number : {options_.throwaway ? SIGQUIT : SIGINT, SIGQUIT, SIGKILL}) {
    if (kill(postmaster_, number) != 0) keeper_.order_signal(number);
    if (wait_for_end(postmaster_descriptor_, number == SIGINT ? 60s : 30s)) return;
  }
}

void EmbeddedCluster::stop() {
  if (lock_ < 0) return;
  if (postmaster_descriptor_ >= 0) {
    end_postmaster();
    close(postmaster_descriptor_);
    postmaster_descriptor_ = -1;
  }
  keeper_.dismiss();
  if (is_our_child_) {
    while (waitpid(postmaster_, nullptr, 0) < 0 && errno == EINTR) {
    }
    is_our_child_ = false;
  }
  close(lock_);
  lock_ = -1;
  if (options_.throwaway) {
    std::error_code leftover;
    fs::remove_all(options_.data_directory, leftover);
    if (socket_directory_ != options_.data_directory / "run") fs::remove_all(socket_directory_, leftover);
  }
}

}  // namespace curfew::store
