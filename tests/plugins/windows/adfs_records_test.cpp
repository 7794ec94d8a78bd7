// Audits of AD FS: each form in which they come gives the same record, and damage is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/adfs/audit_blob.hpp"
#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/pairing.hpp"
#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

using testing::HasSubstr;

const std::string fixtures = std::string(CURFEW_SOURCE_DIR) + "/tests/fixtures/windows/adfs/";

struct Audits final : RecordSink {
  explicit Audits(const std::string& name) { read_input(fixtures + name, *this); }
  void event(WindowsEvent&& event) override { events.push_back(std::move(event)); }
  void recovered(WindowsEvent&&) override {}
  void recovered_torn() override {}
  void unreadable(std::string_view place, std::string_view why, std::uint64_t) override {
    places.push_back(std::string(place) + ": " + std::string(why));
  }
  void other_line() override {}
  [[nodiscard]] std::vector<WindowsEvent> basic() const {
    std::vector<WindowsEvent> some;
    for (const WindowsEvent& one : events) {
      if (one.event_id >= 1200) some.push_back(one);
    }
    return some;
  }
  std::vector<WindowsEvent> events;
  std::vector<std::string> places;
};

void expect_same(const std::vector<WindowsEvent>& read, const std::vector<WindowsEvent>& wanted) {
  ASSERT_EQ(read.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(read[i].event_id, wanted[i].event_id);
    EXPECT_EQ(read[i].record_id, wanted[i].record_id);
    EXPECT_EQ(read[i].time, wanted[i].time);
    EXPECT_EQ(read[i].computer, wanted[i].computer);
    EXPECT_EQ(read[i].failure, wanted[i].failure);
    EXPECT_TRUE(adfs::is_audit(read[i]));
    for (std::size_t field = 0; field < field_count; ++field) {
      // NXLog tells the service's own account besides.
      if (static_cast<Field>(field) == Field::AccountName) continue;
      EXPECT_EQ(read[i].get(static_cast<Field>(field)), wanted[i].get(static_cast<Field>(field)))
          << read[i].event_id << " field " << field;
    }
  }
}

class AdfsForms : public testing::TestWithParam<const char*> {};

TEST_P(AdfsForms, GiveTheSameRecords) {
  const Audits wanted("forwarded.xml");
  const Audits read(GetParam());
  EXPECT_THAT(read.places, testing::IsEmpty());
  expect_same(read.events, wanted.events);
}

INSTANTIATE_TEST_SUITE_P(Files, AdfsForms,
                         testing::Values("winlogbeat.ndjson", "nested.ndjson", "flat.ndjson", "adfs.evtx"),
                         [](const testing::TestParamInfo<const char*>& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(AdfsRecords, NxlogsRenderedTextGivesTheBasicAudits) {
  const Audits read("nxlog.ndjson");
  EXPECT_THAT(read.places, testing::IsEmpty());
  expect_same(read.basic(), Audits("forwarded.xml").basic());
}

TEST(AdfsRecords, EachIsReadByItsPositions) {
  const Audits read("forwarded.xml");
  const auto first = [&](std::uint32_t id) {
    for (const WindowsEvent& one : read.events) {
      if (one.event_id == id) return one;
    }
    return WindowsEvent{};
  };
  const std::string activity(first(410).get(Field::ActivityId));
  EXPECT_EQ(activity.size(), 36U);
  for (const std::uint32_t id : {403U, 410U, 411U, 1203U, 1202U, 1200U, 299U})
    EXPECT_EQ(first(id).get(Field::ActivityId), activity) << id;
  EXPECT_EQ(first(299).get(Field::InstanceId), first(501).get(Field::InstanceId));
  EXPECT_EQ(first(501).get(Field::UserPrincipalName), "alice@corp.test");
  EXPECT_EQ(first(501).get(Field::TargetUserSid), "S-1-5-21-1-2-3-1104");
  EXPECT_EQ(first(501).get(Field::TargetUserName), "alice");
  EXPECT_EQ(first(299).get(Field::RelyingParty), "https://crm.corp.test/");
  EXPECT_THAT(std::string(first(403).get(Field::UserAgent)), HasSubstr("Firefox/145"));
  EXPECT_EQ(first(410).get(Field::IpAddress), "203.0.113.9");
  EXPECT_EQ(first(411).get(Field::IpAddress), "203.0.113.9");
  EXPECT_EQ(first(411).get(Field::UserPrincipalName), "alice@corp.test");
  EXPECT_EQ(first(411).get(Field::ErrorCode), "The user name or password is incorrect");
  EXPECT_EQ(first(1203).get(Field::FailureType), "CredentialValidationError");
  EXPECT_EQ(first(1200).get(Field::TargetDomainName), "CORP");
  EXPECT_EQ(first(1200).get(Field::AuthProtocol), "WSFederation");
  EXPECT_EQ(first(1200).get(Field::MfaPerformed), "false");
  EXPECT_EQ(first(1200).get(Field::DeviceId), "") << "N/A is nothing";
}

std::string blob(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<AuditBase xmlns:xsi=\"x\" "
         "xsi:type=\"AppTokenAudit\">" +
         inside + "</AuditBase>";
}

TEST(AdfsBlob, TheClientsAddressIsTheFirstThatIsOne) {
  WindowsEvent event;
  EXPECT_EQ(adfs::read_audit_blob(
                blob("<C><IpAddress>N/A</IpAddress><ForwardedIpAddress>unknown, 203.0.113.9:5100,10.0.0.1"
                     "</ForwardedIpAddress><NetworkIpAddress>10.0.0.1</NetworkIpAddress></C>"),
                event),
            "");
  EXPECT_EQ(event.get(Field::IpAddress), "203.0.113.9");
  EXPECT_EQ(adfs::first_address("[2001:db8::5]:443"), "2001:db8::5");
  EXPECT_EQ(adfs::first_address("2001:db8::5"), "2001:db8::5");
  EXPECT_EQ(adfs::first_address("N/A"), "");
}

TEST(AdfsBlob, EscapesAndLongTextsAreBounded) {
  WindowsEvent event;
  const std::string agent = "a&amp;b" + std::string(600, 'x');
  EXPECT_EQ(
      adfs::read_audit_blob(
          blob("<UserAgentString>" + agent + "</UserAgentString><UserId>CORP\\o&apos;neil</UserId>"), event),
      "");
  EXPECT_TRUE(event.get(Field::UserAgent).starts_with("a&bx"));
  EXPECT_EQ(event.get(Field::UserAgent).size(), 512U);
  EXPECT_EQ(event.get(Field::TargetUserName), "o'neil");
}

TEST(AdfsBlob, DamageIsSaid) {
  const auto why = [](std::string_view xml) {
    WindowsEvent event;
    return std::string(adfs::read_audit_blob(xml, event));
  };
  EXPECT_EQ(why(""), "its XML ends too early");
  EXPECT_EQ(why("text"), "its XML ends too early");
  EXPECT_EQ(why("<Other></Other>"), "its XML is no AuditBase");
  EXPECT_EQ(why("</AuditBase>"), "its XML is no AuditBase");
  EXPECT_EQ(why(blob("").substr(0, 100)), "its XML ends too early");
  EXPECT_EQ(why(blob(std::string(100'000, ' '))), "its XML is longer than 64 KiB");
  EXPECT_EQ(why("<AuditBase></C>"), "its XML is not well-formed");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<C>";
  EXPECT_EQ(why(blob(deep)), "its XML is nested too deep");
}

TEST(AdfsRecords, ARefusalsMessageNamesThePersonBeforeItsWords) {
  const auto read = [](std::string_view clients, std::string_view message) {
    WindowsEvent event;
    event.event_id = 411;
    const std::vector<std::string_view> values{"{0D23868F-2AD0-4FF2-A774-511EF7B36A04}", "tokens/UserName",
                                               clients, message};
    adfs::read_audit_record(event, values);
    return event;
  };
  const WindowsEvent named =
      read("203.0.113.9", "eve-lyn@my-corp.test-The user name or password is incorrect");
  EXPECT_EQ(named.get(Field::ActivityId), "0d23868f-2ad0-4ff2-a774-511ef7b36a04");
  EXPECT_EQ(named.get(Field::UserPrincipalName), "eve-lyn@my-corp.test");
  EXPECT_EQ(named.get(Field::ErrorCode), "The user name or password is incorrect");
  EXPECT_EQ(read("-", "ID4175: no such issuer").get(Field::ErrorCode), "ID4175: no such issuer");
  // Before clients were told.
  const WindowsEvent older = read("CORP\\bob-Der Benutzername ist falsch", "System.Exception: ...");
  EXPECT_EQ(older.get(Field::TargetUserName), "bob");
  EXPECT_EQ(older.get(Field::IpAddress), "");
}

// AD FS writes a 1102 of its own into the same log.
TEST(AdfsRecords, ItsOwn1102IsNoClearedLog) {
  const Audits read("forwarded.xml");
  std::size_t own = 0;
  for (const WindowsEvent& one : read.events) {
    if (one.event_id != 1102) continue;
    ++own;
    EXPECT_FALSE(Pairing::uses(one));
  }
  EXPECT_EQ(own, 1U);
}

}  // namespace
}  // namespace curfew::windows
