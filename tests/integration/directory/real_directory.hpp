// The one domain controller of this test program, with a service account that may do what the documentation
// grants it and nothing else; and what each test asks of it.
//
//   TEST_F(RealDirectory, …) {
//     person("bob");
//     Directory directory(settings(), "corp-ad"); directory.start();
//     EXPECT_EQ(directory.act(order(Step::DisableAccount, {{"upn", "bob@corp.test"}})).code, Code::Ok);
//     EXPECT_FALSE(lets_in("bob"));
//   }
//
// Threads: one. Owns: the controller, until the program ends. Fails: as SambaDomain.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "plugins/windows/directory/directory.hpp"
#include "tests/support/samba_domain.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::directory_test {

using plugin::Code;
using plugin::Step;
using support::SambaDomain;
using windows::Directory;
using windows::DirectorySettings;
using windows::Names;

inline const std::string service_account = "svc-curfew";
inline const std::string service_password = "Svc-Passw0rd1";

// For the lifetime of one call: the views of an action need somebody who owns what they see.
struct Order {
  Step step = Step::DisableAccount;
  Names names;
  bool revert = false;
  std::uint8_t session = 1;
  plugin::Duration revert_after = std::chrono::minutes(5);
  plugin::Duration patience = std::chrono::seconds(30);
};

class RealDirectory : public testing::Test {
 protected:
  void SetUp() override;

  static SambaDomain& domain();
  // With the password and LDAPS; `more` replaces and adds.
  [[nodiscard]] nlohmann::json setting(const nlohmann::json& more = {}) const;
  [[nodiscard]] DirectorySettings settings(const nlohmann::json& more = {}) const;
  [[nodiscard]] nlohmann::json by_keytab() const;
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::string journal_text() const;

  // An account below the organisational unit that the service account may act in.
  void person(const std::string& name);
  [[nodiscard]] static std::string dn_of(const std::string& name) { return "CN=" + name + "," + people; }
  // Whether the KDC gives a ticket now.
  [[nodiscard]] bool lets_in(const std::string& name);
  [[nodiscard]] std::string attribute(const std::string& dn, const std::string& name,
                                      SambaDomain& at = domain());
  [[nodiscard]] std::string sid_of(const std::string& name);
  void set_control(const std::string& dn, const std::string& value);

  static plugin::Answer ask(Directory& directory, const Order& order);

  inline static const std::string people = "OU=People," + SambaDomain::base;
  inline static const std::string group = "CN=crm-users,OU=People," + SambaDomain::base;

 private:
  support::TemporaryDirectory folder_;
};

}  // namespace curfew::directory_test
