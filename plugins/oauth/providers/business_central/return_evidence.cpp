#include "plugins/oauth/providers/business_central/return_evidence.hpp"

#include <algorithm>

#include "plugins/oauth/providers/entra/sign_ins.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::business_central {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

constexpr std::size_t most_pages = 20;

// In OData a quote within a text is written twice.
std::string odata_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

}  // namespace

ReturnEvidence Returns::since(const std::string& principal_name, Time from, Time deadline) {
  const std::string filter =
      "userPrincipalName eq " + odata_text(principal_name) + " and appId eq " +
      odata_text(options_.application_id) + " and createdDateTime ge " + to_iso_time(from) +
      " and (signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser'))";
  std::string path = "/beta/auditLogs/signIns?$filter=" + web::percent_encoded(filter) + "&$top=100";
  ReturnEvidence evidence;
  Time silent{};
  for (std::size_t pages = 0; !path.empty(); ++pages) {
    if (pages == most_pages)
      throw Failure(Code::Unavailable, api_.where() + ": a person's sign-ins since then are more than " +
                                           std::to_string(most_pages) + " pages");
    const entra::GraphReply reply = api_.ask({.service = entra::GraphApi::Service::Logs,
                                              .path = path,
                                              .what = "the sign-ins for Business Central",
                                              .permission = "AuditLog.Read.All and Directory.Read.All"},
                                             deadline);
    if (reply.date == Time{})
      throw Failure(Code::Unavailable, api_.where() + ": Graph does not say what time it is");
    if (pages == 0) evidence.complete_until = reply.date - options_.arrival_delay;
    const entra::SignInPage page = entra::read_sign_ins(reply.body);
    // One that can't be read might be the one.
    if (!page.unreadable.empty())
      throw Failure(Code::Unavailable, api_.where() + ": a sign-in of the person can't be read");
    for (const entra::SignInRecord& one : page.records) {
      if (!one.succeeded || one.at < from || !one.sighting) continue;
      const bool is_fresh = one.interactive && one.sighting->fresh_credentials;
      if (is_fresh && (!evidence.with_credentials || one.at < *evidence.with_credentials))
        evidence.with_credentials = one.at;
      if (!is_fresh && (silent == Time{} || one.at < silent)) silent = one.at;
    }
    path = page.next.empty() ? std::string{} : api_.path_of(page.next);
  }
  evidence.silent_before =
      silent != Time{} && (!evidence.with_credentials || silent < *evidence.with_credentials);
  return evidence;
}

}  // namespace curfew::oauth::business_central
