// One record of a Windows event log, or of Samba's audit log, whatever text it came in.
//
//   WindowsEvent event;
//   event.set("TargetLogonId", "0x00000000000003e7");
//   event.logon_id(Field::TargetLogonId) == 0x3e7
//
// Only the fields that Curfew uses are kept. "-" is how Windows writes "nothing": it is stored as absent.
// Threads: a value. Owns: its texts. Fails: never; texts are cut at 1024 bytes and made clean UTF-8.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/windows/text.hpp"

namespace curfew::windows {

enum class Field : std::uint8_t {
  SubjectUserSid,
  SubjectUserName,
  SubjectDomainName,
  SubjectLogonId,
  TargetUserSid,
  TargetUserName,
  TargetDomainName,
  TargetLogonId,
  TargetLinkedLogonId,
  TargetSid,
  LogonType,
  LogonProcessName,
  AuthenticationPackageName,
  WorkstationName,
  Workstation,
  IpAddress,
  ElevatedToken,
  Status,
  SubStatus,
  ProcessName,
  PreAuthType,
  AccountName,
  AccountDomain,
  LogonID,
  SessionName,
  ClientName,
  ClientAddress,
  // Not of Windows: what Samba's audit log has besides.
  SessionId,
  Service,
  Name,  // distinguished name
  RemoteEndpoint,
  Process,
  // Of AD FS audits, whose data has no names (adfs/audit_record.hpp).
  ActivityId,  // of the request
  InstanceId,  // of one record that others give details of
  UserPrincipalName,
  RelyingParty,
  PrimaryAuth,
  DeviceId,
  MfaPerformed,
  AuthProtocol,
  Endpoint,
  UserAgent,
  FailureType,
  ErrorCode,
  PersistentSso,
  Damage,  // why the record can't be understood
};
inline constexpr std::size_t field_count = 46;
// By its name in records; nothing when it is none that is kept.
[[nodiscard]] std::optional<Field> field_named(std::string_view name);

enum class Origin : std::uint8_t { Windows, Samba };

struct WindowsEvent {
  std::uint64_t record_id = 0;  // 0: the shape has none
  std::uint64_t position = 0;   // in its input: orders records that nothing else orders
  Time time{};
  std::uint32_t event_id = 0;
  std::uint32_t input = 0;
  std::uint8_t version = 0;
  Origin origin = Origin::Windows;
  bool failure = false;          // an audit failure
  bool time_is_arrival = false;  // the shape tells only when the collector got it
  std::string computer;
  std::string channel;
  std::string provider;

  [[nodiscard]] std::string_view get(Field field) const;
  void set(Field field, std::string_view value);
  // False when the name is none that is kept.
  bool set(std::string_view name, std::string_view value);
  // Empty again; what it holds memory for, it keeps.
  void clear();
  // 0 when absent or not a number: no logon has that id.
  [[nodiscard]] std::uint64_t logon_id(Field field) const;
  [[nodiscard]] bool is_security() const;

 private:
  struct Span {
    std::uint16_t offset = 0, size = 0;
  };
  std::array<Span, field_count> spans_{};
  std::string text_;
};

// "0x3e7", "0x00000000000003e7", "3e7" (`hex`), "999".
[[nodiscard]] std::uint64_t parse_logon_id(std::string_view text);
// SYSTEM, NETWORK SERVICE, LOCAL SERVICE: ids that every boot has.
[[nodiscard]] constexpr bool is_well_known_logon(std::uint64_t id) {
  return id == 0x3e7 || id == 0x3e4 || id == 0x3e5;
}
// "::ffff:10.0.0.1" is 10.0.0.1; "ipv4:10.0.0.1:88" too; "LOCAL", "-" and what is no address is empty.
[[nodiscard]] std::string clean_address(std::string_view text);

// Where readers put what they read.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void event(WindowsEvent&& event) = 0;
  // Found in the slack of an EVTX file: old, possibly twice. Kept apart.
  virtual void recovered(WindowsEvent&& event) = 0;
  // Found there too, but too torn to be read.
  virtual void recovered_torn() = 0;
  // Part of the input that can't be read: `place` within the input, and why.
  virtual void unreadable(std::string_view place, std::string_view why, std::uint64_t records = 1) = 0;
  // A line that is no record at all, as programs write between their records.
  virtual void other_line() = 0;
};

}  // namespace curfew::windows
