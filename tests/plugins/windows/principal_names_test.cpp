#include "plugins/windows/principal_names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace curfew::windows {
namespace {

WindowsEvent windows_ticket(const std::string& sid, const std::string& name, const std::string& domain) {
  WindowsEvent event;
  event.event_id = 4768;
  event.set(Field::TargetSid, sid);
  event.set(Field::TargetUserName, name);
  event.set(Field::TargetDomainName, domain);
  return event;
}

std::string completed(const PrincipalNames& names, const std::string& sid) {
  Account account;
  account.sid = sid;
  names.complete(account);
  return account.upn;
}

TEST(PrincipalNames, AreLearntOfTheKdcsRecordsOfEitherMake) {
  PrincipalNames names;
  WindowsEvent samba;
  samba.origin = Origin::Samba;
  samba.event_id = 4624;
  samba.set(Field::Service, "Kerberos KDC");
  samba.set(Field::AccountName, "bob@CORP.TEST");
  samba.set(Field::TargetUserSid, "S-1-5-21-1-1104");
  names.learn(samba);
  names.learn(windows_ticket("S-1-5-21-1-1105", "carol", "CORP.TEST"));
  EXPECT_EQ(completed(names, "S-1-5-21-1-1104"), "bob@CORP.TEST");
  EXPECT_EQ(completed(names, "S-1-5-21-1-1105"), "carol@CORP.TEST");
  EXPECT_EQ(completed(names, "S-1-5-21-1-1106"), "");
}

TEST(PrincipalNames, ComeFromNoTicketThatWasRefusedAndFromNoOtherRecord) {
  PrincipalNames names;
  WindowsEvent refused = windows_ticket("S-1-5-21-1-1104", "bob", "CORP.TEST");
  refused.failure = true;
  names.learn(refused);
  // The short name of a domain makes no name that a ticket has.
  names.learn(windows_ticket("S-1-5-21-1-1104", "bob", "CORP"));
  WindowsEvent logon = windows_ticket("S-1-5-21-1-1104", "bob", "CORP.TEST");
  logon.event_id = 4624;
  names.learn(logon);
  EXPECT_EQ(completed(names, "S-1-5-21-1-1104"), "");
}

TEST(PrincipalNames, LeaveWhatTheRecordItselfSays) {
  PrincipalNames names;
  names.learn(windows_ticket("S-1-5-21-1-1104", "bob", "CORP.TEST"));
  Account account;
  account.sid = "S-1-5-21-1-1104";
  account.upn = "robert@corp.test";
  names.complete(account);
  EXPECT_EQ(account.upn, "robert@corp.test");
}

TEST(PrincipalNames, TheLatestOnesAreKept) {
  PrincipalNames names;
  for (std::size_t i = 0; i <= PrincipalNames::most; ++i)
    names.learn(windows_ticket("S-1-5-21-1-" + std::to_string(i), "p" + std::to_string(i), "CORP.TEST"));
  EXPECT_EQ(completed(names, "S-1-5-21-1-0"), "");
  EXPECT_EQ(completed(names, "S-1-5-21-1-1"), "p1@CORP.TEST");
  EXPECT_EQ(completed(names, "S-1-5-21-1-" + std::to_string(PrincipalNames::most)),
            "p" + std::to_string(PrincipalNames::most) + "@CORP.TEST");
}

}  // namespace
}  // namespace curfew::windows
