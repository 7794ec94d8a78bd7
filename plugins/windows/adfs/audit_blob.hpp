// The XML within AD FS' audits 1200 to 1210: one AuditBase with components, whose elements have names of
// their own.
//
//   <AuditBase xsi:type="AppTokenAudit"><AuditResult>Success</AuditResult>…<ContextComponents>
//     <Component xsi:type="ResourceAuditComponent"><RelyingParty>https://crm.corp.test/</RelyingParty>…
//
//   read_audit_blob(xml, event) == ""      // event.get(Field::RelyingParty) is https://crm.corp.test/
//
// Threads: a pure function. Owns: nothing. Fails: says why, for a blob that is cut off, too long, too deep,
// or no AuditBase; what was read before is in the event.
#pragma once

#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows::adfs {

inline constexpr std::size_t longest_blob = std::size_t{64} << 10U;
inline constexpr std::size_t deepest_blob = 16;

[[nodiscard]] std::string_view read_audit_blob(std::string_view xml, WindowsEvent& event);

}  // namespace curfew::windows::adfs
