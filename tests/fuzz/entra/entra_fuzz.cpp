// The first byte chooses: 'p', a page of sign-ins; 'l', a link to a next page; 't', a time; 'h', a handle;
// 'c', a stored cursor; 'e', an envelope of Azure's diagnostic logs; 'a', a page of directory audits; 'z', a
// time of theirs; 's', a connection string. What is read is whole, within the host's bounds and the same when
// it is read again; a link leads nowhere but below the configured URL.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/providers/entra/directory_audits.hpp"
#include "plugins/oauth/providers/entra/envelope.hpp"
#include "plugins/oauth/providers/entra/graph_api.hpp"
#include "plugins/oauth/providers/entra/hub_settings.hpp"
#include "plugins/oauth/providers/entra/sign_in_reader.hpp"
#include "plugins/oauth/providers/entra/sign_ins.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace {

using namespace curfew::oauth::entra;
using curfew::oauth::iso_time;
using curfew::oauth::Sighting;
using curfew::oauth::to_iso_time;
using curfew::oauth::events::event_time;
using curfew::plugin::Failure;
using curfew::plugin::Time;
using curfew::plugin::Type;

void require(bool held) {
  if (!held) std::abort();
}

void check(const SignInRecord& record) {
  require(record.at != Time{} && !record.id.empty() && record.id.size() <= 128);
  if (!record.sighting) return;
  const Sighting& seen = *record.sighting;
  require(seen.at == record.at && seen.key == record.id);
  for (const std::string* text : {&seen.user_name, &seen.address, &seen.user_agent, &seen.device,
                                  &seen.application, &seen.failure, &seen.session, &seen.handle})
    require(text->size() <= 2048);
  require(seen.subject.empty() || is_object_id(seen.subject));
  if (seen.type == Type::SignInFailed) {
    require(!record.succeeded && seen.session.empty() && !seen.failure.empty() && !seen.fresh_credentials);
    return;
  }
  require(record.succeeded && !seen.subject.empty() && seen.session == record.session);
  const Handle handle = read_handle(seen.handle);
  require(handle.user == seen.subject && handle.session == seen.session);
  require((seen.type == Type::TokenRefreshed) == seen.machine);
}

void page(std::string_view body) {
  const SignInPage page = read_sign_ins(body);
  require(page.records.size() + page.unreadable.size() == page.rows);
  for (const SignInRecord& record : page.records) check(record);
}

// What comes of the directory's audits.
void check_audit(const SignInRecord& record) {
  require(record.at != Time{} && record.id.starts_with("audit/") && record.id.size() <= 134);
  if (!record.sighting) return;
  const Sighting& seen = *record.sighting;
  require(seen.at == record.at && seen.key == record.id && is_object_id(seen.subject));
  require(seen.session.empty() && seen.user_name.size() <= 2048);
  require(seen.type == Type::AccountDisabled || seen.type == Type::AccountEnabled ||
          seen.type == Type::CredentialChanged || seen.type == Type::Revoked);
}

void audits(std::string_view body) {
  const SignInPage page = read_directory_audits(body, "us");
  require(page.records.size() + page.unreadable.size() == page.rows);
  for (const SignInRecord& record : page.records) check_audit(record);
}

void envelope(std::string_view body) {
  const Envelope envelope = read_envelope(body, "us");
  require(envelope.records.size() + envelope.others + envelope.unreadable == envelope.rows);
  for (const SignInRecord& record : envelope.records)
    record.id.starts_with("audit/") ? check_audit(record) : check(record);
}

void link(std::string_view text) {
  static const GraphApi api({.server = {.url = "https://graph.corp.test/graph"},
                             .authority = {.url = "https://login.corp.test"},
                             .token_path = "/t/oauth2/v2.0/token",
                             .credentials = {},
                             .terms = {}});
  const std::string path = api.path_of(text);
  require(path.starts_with("/") &&
          path.find_first_of(std::string_view(" \r\n\t\0#", 6)) == std::string::npos);
  require(path.substr(0, path.find('?')).find("..") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0]) {
      case 'p':
        page(body);
        break;
      case 'l':
        link(body);
        break;
      case 't':
        if (const auto time = iso_time(body)) require(iso_time(to_iso_time(*time)) == time);
        break;
      case 'a':
        audits(body);
        break;
      case 'e':
        envelope(body);
        break;
      case 'z':
        if (const auto time = event_time(body)) require(event_time(to_iso_time(*time)) == time);
        break;
      case 's':
        require(!read_connection_string(std::string(body), "here").host.empty());
        break;
      case 'h': {
        const Handle handle = read_handle(body);
        require(handle.user.empty() || handle_of(handle.user, handle.session) == body);
        break;
      }
      case 'c': {
        const std::string text = to_text(read_cursor(std::string(body)));
        require(text.size() <= 4096 && to_text(read_cursor(text)) == text);
        break;
      }
      default:
        break;
    }
  } catch (const Failure&) {
    return 0;  // said no
  }
  return 0;
}
