#include "tests/support/smb_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>

namespace curfew::support {

SmbClient::SmbClient(const SambaDomain& domain, const std::string& name, const std::string& password) {
  begin(domain, {"-U", SambaDomain::workgroup + "\\" + name + "%" + password}, {});
}

SmbClient::SmbClient(const SambaDomain& domain, const Ticket& ticket) {
  begin(domain, {"-N", "--use-kerberos=required"}, {{"KRB5CCNAME", "FILE:" + ticket.cache.string()}});
}

SmbClient::~SmbClient() { reap(); }

void SmbClient::begin(const SambaDomain& domain, std::vector<std::string> words,
                      const std::map<std::string, std::string>& more) {
  ::signal(SIGPIPE, SIG_IGN);  // a client whose server is gone may be, too
  words.insert(words.begin(),  // To a pipe it would say everything at its end only.
               {"/usr/bin/stdbuf", "-oL", "/usr/bin/smbclient", "//" + domain.own_host() + "/data", "-I",
                domain.address(), "-s", "/dev/null"});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  for (const auto& [name, value] : more) variables.push_back(name + "=" + value);
  for (const auto& [name, value] : domain.environment()) variables.push_back(name + "=" + value);
  for (char** one = environ; *one != nullptr; ++one) variables.emplace_back(*one);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipes for smbclient");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, out[1], 2);
  const int error = ::posix_spawn(&process_, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
  if (error != 0) throw std::runtime_error("smbclient can't be started");
  if (!sees_files()) throw std::runtime_error("smbclient is not let in: " + output_);
}

bool SmbClient::say(const std::string& command) {
  const std::string line = command + "\n";
  return ::write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

bool SmbClient::sees_files() {
  const std::size_t before = output_.size();
  if (!say("ls")) return false;
  std::array<char, 4096> buffer{};
  while (true) {
    const std::string answer = output_.substr(before);
    if (answer.find("blocks available") != std::string::npos) return true;
    if (answer.find("NT_STATUS_") != std::string::npos) return false;
    pollfd waiting{from_, POLLIN, 0};
    if (::poll(&waiting, 1, 30'000) <= 0) throw std::runtime_error("smbclient says nothing: " + output_);
    const ssize_t got = ::read(from_, buffer.data(), buffer.size());
    if (got <= 0) return false;  // it has ended
    output_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void SmbClient::leave() {
  (void)say("exit");
  reap();
}

void SmbClient::reap() {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  to_ = from_ = -1;
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace curfew::support
