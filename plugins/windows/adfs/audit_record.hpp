// Audits of AD FS (Active Directory Federation Services) in a server's Security log: what their data, which
// has no names, says.
//
//   if (adfs::is_audit(event)) adfs::read_audit_record(event, {"0d23868f-…", "<?xml …><AuditBase …"});
//   event.get(Field::RelyingParty)
//
// The records, and where it is told how they are laid out:
// - 1200 to 1207, 1210 (AD FS 2016 and later, level Basic): activity id, XML (audit_blob.hpp). The activity
// id
//   is the data's first value; System/Correlation bears another one. Microsoft Learn, "Auditing enhancements
//   to AD FS in Windows Server 2016".
// - 299, 403, 410, 411, 412, 500, 501 (Verbose; AD FS 2012 R2 has these alone): by position, as Microsoft's
//   AdfsEventsModule.psm1 (github.com/microsoft/adfsToolbox) reads them:
//     299  instance id, activity id, relying party
//     403  instance id, activity id, time, client, method, path, query, port, server, user agent, …
//     410  activity id, then name and value of each header
//     411  activity id, token type, [clients], error message, exception
//     412  instance id, activity id, token type, relying party
//     500  instance id, then type and value of each issued claim
//     501  the same of the caller
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be understood has Field::Damage.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows::adfs {

[[nodiscard]] bool is_audit(std::string_view provider);
[[nodiscard]] inline bool is_audit(const WindowsEvent& event) {
  return event.origin == Origin::Windows && is_audit(event.provider);
}
// Those that are told above; AD FS writes others too, which say nothing of a person's session.
[[nodiscard]] bool is_used(std::uint32_t event_id);

// The id must be set. `data`: the record's values in their order.
void read_audit_record(WindowsEvent& event, std::span<const std::string_view> data);
// From the rendered text, for collectors that leave values without names out (NXLog): it holds the XML of
// 1200 to 1210; of the others it has nothing that doesn't depend on the server's language.
void read_audit_message(WindowsEvent& event, std::string_view message);

// CORP\alice, alice@corp.test, S-1-5-…: to the field that it is.
void set_person(WindowsEvent& event, std::string_view text);
// At most 512 bytes of a user agent and a relying party, 256 of others; nothing for "N/A".
void set_text(WindowsEvent& event, Field field, std::string_view text);
// The first address of a list, which is the client's: proxies add theirs behind it.
[[nodiscard]] std::string first_address(std::string_view list);

}  // namespace curfew::windows::adfs
