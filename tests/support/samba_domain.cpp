#include "tests/support/samba_domain.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace curfew::support {
namespace {

namespace fs = std::filesystem;

constexpr const char* administrator_password = "Adm1n-Passw0rd";

void write(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(path.string() + " can't be written");
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// As unicodePwd wants it: quoted, UTF-16, Base64.
std::string encoded_password(const std::string& plain) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  for (const char c : "\"" + plain + "\"") encoder << c << '\0';
  encoder.close();
  return out.str();
}

bool listens(const std::string& address, int port) {
  try {
    const Poco::Net::StreamSocket socket(Poco::Net::SocketAddress(address, static_cast<Poco::UInt16>(port)));
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

}  // namespace

std::string SambaDomain::missing() {
  for (const char* needed :
       {"/usr/sbin/samba", "/usr/bin/samba-tool", "/usr/bin/smbclient", "/usr/bin/smbstatus",
        "/usr/bin/smbcontrol", "/usr/bin/kinit", "/usr/bin/ldapmodify", "/usr/bin/unshare",
        "/usr/lib/x86_64-linux-gnu/samba/vfs/full_audit.so", "/usr/share/samba/setup/provision_users.ldif"}) {
    if (!fs::exists(needed)) return std::string("no Samba domain controller here: ") + needed + " is missing";
  }
  if (::geteuid() != 0)
    return "no Samba domain controller here: it needs root (ports below 1024, file owners)";
  if (std::system("unshare -m mount -t tmpfs tmpfs /mnt 2>/dev/null") != 0)
    return "no Samba domain controller here: this system allows no mount namespace (unshare -m)";
  return {};
}

SambaDomain::SambaDomain(std::string address, const std::string& globals)
    : address_(std::move(address)), authority_(std::make_shared<const Authority>()) {
  provision();
  prepare(globals);
}

SambaDomain::SambaDomain(SambaDomain& first, std::string address)
    : address_(std::move(address)), name_("dc2"), authority_(first.authority_) {
  join(first);
  prepare({});
}

void SambaDomain::prepare(const std::string& globals) {
  if (listens(address_, 445) || listens(address_, 389))
    throw std::runtime_error(address_ + " is taken by another domain controller; each test has its own");
  make_folders();
  write_smb_conf(globals);
  write_krb5_conf();
  make_certificate();
  start();
  // Clients that name it by its address get tickets for that.
  change("dn: CN=" + name_ + ",OU=Domain Controllers," + base +
         "\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: ldap/" + address_ +
         "\nservicePrincipalName: cifs/" + address_ + "\n");
}

void SambaDomain::make_folders() const {
  for (const char* folder : {"etc", "log", "run", "ncalrpc", "data", "cache", "tls"})
    fs::create_directories(at(folder));
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(at("data"), fs::perms(01777));
  write(at("data/hello.txt"), "hello\n");
  write(administrator_password_file(), administrator_password);
  fs::permissions(administrator_password_file(), fs::perms(0600));
}

std::string SambaDomain::credentials() const {
  return std::string("-Uadministrator@") + realm + "%" + administrator_password;
}

// By addresses alone: no resolver knows the domain.
void SambaDomain::join(const SambaDomain& first) {
  write(at("empty.conf"), "[global]\n");
  const Outcome outcome =
      run({"samba-tool", "domain", "join", "corp.test", "DC", "--configfile=" + at("empty.conf"),
           "--server=" + first.address(), "--targetdir=" + folder_.path().string(), "--dns-backend=NONE",
           "--realm=" + realm, "--workgroup=" + workgroup, "--option=netbios name=" + name_,
           "--option=interfaces=" + address_ + "/8", "--option=bind interfaces only=yes", credentials()},
          {}, first.environment());
  if (outcome.code != 0) throw std::runtime_error("samba-tool can't join the domain:\n" + outcome.output);
}

void SambaDomain::replicate_from(const SambaDomain& other) {
  const Outcome outcome =
      tool({"drs", "replicate", address_, other.address(), base, "--local", credentials()});
  if (outcome.code != 0) throw std::runtime_error("samba-tool can't replicate:\n" + outcome.output);
}

void SambaDomain::provision() {
  // From a configuration of our own, and not the system's.
  write(at("empty.conf"), "[global]\n");
  const Outcome outcome =
      run({"samba-tool", "domain", "provision", "--configfile=" + at("empty.conf"), "--server-role=dc",
           "--realm=" + realm, "--domain=" + workgroup, "--adminpass=" + std::string(administrator_password),
           "--host-name=" + name_, "--host-ip=" + address_, "--use-rfc2307", "--dns-backend=SAMBA_INTERNAL",
           "--targetdir=" + folder_.path().string()});
  if (outcome.code != 0) throw std::runtime_error("samba-tool can't provision a domain:\n" + outcome.output);
}

void SambaDomain::write_smb_conf(const std::string& globals) const {
  const std::string d = folder_.path().string();
  std::string log_level = "1 kerberos:3@" + d + "/log/kdc.log full_audit:1@" + d + "/log/full_audit.log";
  for (const std::string name : {"auth", "dsdb", "dsdb_password", "dsdb_group"})
    log_level += " " + name + "_json_audit:5@" + d + "/log/" + name + "_json.log";
  write(smb_conf(),
        "[global]\n  netbios name = " + name_ + "\n  realm = " + realm + "\n  workgroup = " + workgroup +
            "\n  server role = active directory domain controller\n  interfaces = " + address_ +
            "/8\n  bind interfaces only = yes\n  private dir = " + d + "/private\n  state directory = " + d +
            "/state\n  cache directory = " + d + "/cache\n  lock directory = " + d +
            "\n  pid directory = " + d + "/run\n  binddns dir = " + d + "/bind-dns\n  ncalrpc dir = " + d +
            "/ncalrpc\n  ntp signd socket directory = " + d +
            "/ntp_signd\n"
            "  server services = rpc, ldap, cldap, kdc, s3fs, winbindd\n"
            "  nsupdate command = /bin/true\n  dns update command = /bin/true\n"
            "  gpo update command = /bin/true\n"
            "  disable netbios = yes\n  smb ports = 445\n"
            "  printing = bsd\n  printcap name = /dev/null\n  load printers = no\n"
            "  disable spoolss = yes\n"
            "  idmap_ldb:use rfc2307 = yes\n  winbind enum users = no\n"
            "  logging = file\n  log file = " +
            d + "/log/samba.log\n  max log size = 0\n  log level = " + log_level +
            "\n  tls enabled = yes\n  tls keyfile = " + d + "/tls/dc.key\n  tls certfile = " + d +
            "/tls/dc.pem\n  tls cafile = " + ca() + "\n" + globals + "\n[sysvol]\n  path = " + d +
            "/state/sysvol\n  read only = No\n"
            "[data]\n  path = " +
            d +
            "/data\n  read only = No\n"
            "  vfs objects = dfs_samba4 acl_xattr full_audit\n"
            "  full_audit:syslog = false\n"
            "  full_audit:prefix = %u|%D|%I|%m|%S|%d\n"
            "  full_audit:success = connect disconnect\n"
            "  full_audit:failure = connect\n");
}

void SambaDomain::write_krb5_conf() const {
  // One transport, else each kinit is logged twice; no names looked up, so that no resolver is needed.
  write(krb5_conf(), "[libdefaults]\n  default_realm = " + realm +
                         "\n  dns_lookup_realm = false\n  dns_lookup_kdc = false\n  rdns = false\n"
                         "  dns_canonicalize_hostname = false\n  udp_preference_limit = 1\n[realms]\n  " +
                         realm + " = {\n    kdc = " + address_ + ":88\n    kpasswd_server = " + address_ +
                         ":464\n    admin_server = " + address_ + "\n  }\n[domain_realm]\n  .corp.test = " +
                         realm + "\n  corp.test = " + realm + "\n");
}

void SambaDomain::make_certificate() const {
  const Certificate made = authority_->issue("DNS:" + own_host() + ",IP:" + address_);
  fs::copy_file(made.certificate, at("tls/dc.pem"));
  fs::copy_file(made.key, at("tls/dc.key"));
  fs::permissions(at("tls/dc.key"), fs::perms(0600));  // Samba refuses another
}

void SambaDomain::start() {
  server_.reset();
  fs::create_directories("/run/samba");
  const std::string in_a_place_of_its_own =
      "mount -t tmpfs tmpfs /run/samba && exec /usr/sbin/samba -s \"$0\" --foreground --no-process-group";
  server_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{"/usr/bin/setpriv", "--pdeathsig", "TERM", "/usr/bin/unshare", "-m", "/bin/sh",
                               "-c", in_a_place_of_its_own, smb_conf()},
      environment(), at("log/stdout"));
  for (const int port : {88, 389, 445, 636}) {
    if (!eventually([&] { return listens(address_, port); }))
      throw std::runtime_error("Samba does not listen on " + address_ + ":" + std::to_string(port) +
                               "; its log ends with:\n" + read(log("samba")));
  }
}

void SambaDomain::stop() { server_.reset(); }

std::map<std::string, std::string> SambaDomain::environment() const {
  return {{"KRB5_CONFIG", krb5_conf()}, {"LDAPTLS_CACERT", ca()}};
}

void SambaDomain::empty_log(const std::string& name) const {
  if (fs::exists(log(name))) fs::resize_file(log(name), 0);
}

void SambaDomain::user(const std::string& name, const std::string& with_password) {
  change("dn: " + dn_of(name) + "\nchangetype: add\nobjectClass: user\nsAMAccountName: " + name +
         "\nuserPrincipalName: " + name + "@corp.test\nunicodePwd:: " + encoded_password(with_password) +
         "\nuserAccountControl: 512\n");
}

void SambaDomain::set_password_at(const std::string& dn, const std::string& new_password) {
  change("dn: " + dn +
         "\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: " + encoded_password(new_password) + "\n");
}

void SambaDomain::set_enabled(const std::string& name, bool enabled) {
  change("dn: " + dn_of(name) + "\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: " +
         (enabled ? "512" : "514") + "\n");
}

void SambaDomain::change(const std::string& ldif) {
  const Outcome outcome = run(
      {"ldapmodify", "-x", "-H", ldaps(), "-D", administrator, "-y", administrator_password_file()}, ldif);
  if (outcome.code != 0) throw std::runtime_error("the directory refuses\n" + ldif + outcome.output);
}

Outcome SambaDomain::kinit(const std::string& name, const std::string& with_password, const fs::path& cache,
                           const std::vector<std::string>& options) {
  std::vector<std::string> words{"kinit", "-c", "FILE:" + cache.string()};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(name);
  return run(std::move(words), with_password + "\n");
}

Outcome SambaDomain::tool(std::vector<std::string> words) {
  words.insert(words.begin(), "samba-tool");
  words.insert(words.end(), {"-s", smb_conf()});
  return run(std::move(words));
}

Outcome SambaDomain::run(std::vector<std::string> words, const std::string& input,
                         const std::map<std::string, std::string>& more) {
  const std::string number = std::to_string(++runs_);
  const std::string in = at("run" + number + ".in");
  const std::string out = at("run" + number + ".out");
  write(in, input);
  // Provisioning takes six seconds of a processor, and minutes on a machine that is busy otherwise.
  words.insert(words.begin(), {"timeout", "-k", "5", "600"});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  for (const auto& [name, value] : more) variables.push_back(name + "=" + value);
  for (const auto& [name, value] : environment()) variables.push_back(name + "=" + value);
  for (char** one = environ; *one != nullptr; ++one) variables.emplace_back(*one);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t process = -1;
  const int error = ::posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(words[4] + " can't be started");
  int status = 0;
  if (::waitpid(process, &status, 0) != process) throw std::runtime_error(words[4] + " can't be waited for");
  Outcome outcome{.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                  .output = read(out)};
  fs::remove(in);
  fs::remove(out);
  return outcome;
}

}  // namespace curfew::support
