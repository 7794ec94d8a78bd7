// A real Samba AD domain controller in a folder of its own, on a loopback address of its own: Kerberos (88),
// LDAP (389, with StartTLS) and LDAPS (636), SMB (445) with one share "data" that holds hello.txt.
//
//   if (const std::string why = SambaDomain::missing(); !why.empty()) GTEST_SKIP() << why;
//   SambaDomain domain("127.0.0.88");                     // provisioned and running, in about ten seconds
//   domain.user("bob");
//   domain.change("dn: " + domain.dn_of("bob") + "\nchangetype: modify\n…");     // over LDAPS, so audited
//   domain.kinit("bob", SambaDomain::password, cache);
//   domain.run({"smbclient", "//dc1.corp.test/data", "-I", domain.address(), "-N",
//               "--use-kerberos=required", "-c", "ls"}, {}, {{"KRB5CCNAME", "FILE:" + cache}});
//   SambaDomain second(domain, "127.0.0.89");  second.replicate_from(domain);   // another controller of it
//
// Each test program takes an address of its own; several may run at once, because each has its own
// /run/samba (a mount namespace; that needs root). Ends with its process, also when that is killed.
// Threads: one. Owns: the folder, the servers. Fails: std::runtime_error that names the log to look into.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/authority.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::support {

struct Outcome {
  int code = -1;
  std::string output;  // of both channels
};

class SambaDomain {
 public:
  inline static const std::string realm = "CORP.TEST";
  inline static const std::string workgroup = "CORP";
  inline static const std::string base = "DC=corp,DC=test";
  inline static const std::string host = "dc1.corp.test";
  inline static const std::string password = "Us3r-Passw0rd";  // of user() unless it is told another
  inline static const std::string administrator = "administrator@corp.test";

  // Why none can run here; empty: one can.
  static std::string missing();

  // `globals`: further lines of smb.conf's [global], as "kdc:user ticket lifetime = 1".
  explicit SambaDomain(std::string address, const std::string& globals = {});

  // Another controller of the same domain, with all that the first has at this moment. What changes at one
  // comes to the other when `replicate_from` says so, and never by itself.
  SambaDomain(SambaDomain& first, std::string address);
  void replicate_from(const SambaDomain& other);

  void start();
  void stop();

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::string ldap() const { return "ldap://" + address_; }
  [[nodiscard]] std::string ldaps() const { return "ldaps://" + address_; }
  [[nodiscard]] std::string ca() const { return authority_->ca(); }  // of its certificate: host and address
  // The host of the first controller, or the second's: dc2.corp.test.
  [[nodiscard]] std::string own_host() const { return name_ + ".corp.test"; }
  [[nodiscard]] std::string administrator_password_file() const { return at("administrator"); }
  [[nodiscard]] std::string smb_conf() const { return at("etc/smb.conf"); }
  [[nodiscard]] std::string krb5_conf() const { return at("krb5.conf"); }
  // "auth_json", "dsdb_json", "dsdb_password_json", "dsdb_group_json", "full_audit", "kdc", "samba".
  [[nodiscard]] std::filesystem::path log(const std::string& name) const {
    return at("log/" + name + ".log");
  }
  // So that what a test reads from it is the test's own.
  void empty_log(const std::string& name) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  // What clients need: KRB5_CONFIG, LDAPTLS_CACERT.
  [[nodiscard]] std::map<std::string, std::string> environment() const;

  // Below CN=Users, enabled.
  void user(const std::string& name, const std::string& with_password = password);
  void set_password(const std::string& name, const std::string& new_password) {
    set_password_at(dn_of(name), new_password);
  }
  void set_password_at(const std::string& dn, const std::string& new_password);
  void set_enabled(const std::string& name, bool enabled);
  [[nodiscard]] static std::string dn_of(const std::string& name) {
    return "CN=" + name + ",CN=Users," + base;
  }
  // LDIF with changetype, as administrator over LDAPS.
  void change(const std::string& ldif);

  // A ticket of `name` into the cache (a path); `options` as {"-l", "90s"}.
  Outcome kinit(const std::string& name, const std::string& with_password, const std::filesystem::path& cache,
                const std::vector<std::string>& options = {});
  // samba-tool on the controller's own files; not seen by its audit.
  Outcome tool(std::vector<std::string> words);
  // Any program, by name or path, with environment() and `more`; ten minutes at most.
  Outcome run(std::vector<std::string> words, const std::string& input = {},
              const std::map<std::string, std::string>& more = {});

 private:
  [[nodiscard]] std::string at(const std::string& file) const { return (folder_.path() / file).string(); }
  void provision();
  void join(const SambaDomain& first);
  void make_folders() const;
  void prepare(const std::string& globals);
  [[nodiscard]] std::string credentials() const;  // the administrator's, as samba-tool wants them
  void write_smb_conf(const std::string& globals) const;
  void write_krb5_conf() const;
  void make_certificate() const;

  std::string address_;
  std::string name_ = "dc1";
  TemporaryDirectory folder_;
  std::shared_ptr<const Authority> authority_;
  std::unique_ptr<ServerProcess> server_;
  int runs_ = 0;
};

}  // namespace curfew::support
