// The first byte chooses: 'b', a list of Business Central's sessions; 'o' and 'a', a page of Okta's or
// Auth0's log; 'k', 's' and 't', a page of authentik's events, sessions or tokens; 'h', a handle of any; 'l',
// a Link header; 'p', a link to a next page; 'c', a stored cursor. What is read is whole, within the host's
// bounds and the same when it is read again; a link leads nowhere but below the configured URL.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/oauth/log_cursor.hpp"
#include "plugins/oauth/page_link.hpp"
#include "plugins/oauth/providers/auth0/log_events.hpp"
#include "plugins/oauth/providers/authentik/pages.hpp"
#include "plugins/oauth/providers/business_central/sessions.hpp"
#include "plugins/oauth/providers/okta/log_events.hpp"

namespace {

namespace auth0 = curfew::oauth::auth0;
namespace authentik = curfew::oauth::authentik;
namespace business_central = curfew::oauth::business_central;
namespace okta = curfew::oauth::okta;
using curfew::oauth::Sighting;
using curfew::plugin::Failure;
using curfew::plugin::Time;
using curfew::plugin::Type;

void require(bool held) {
  if (!held) std::abort();
}

void check(const Sighting& seen) {
  require(seen.at != Time{} && !seen.key.empty() && seen.key.size() <= 512);
  for (const std::string* text :
       {&seen.user_name, &seen.address, &seen.user_agent, &seen.device, &seen.application, &seen.failure,
        &seen.session, &seen.handle, &seen.subject})
    require(text->size() <= 2048);
  if (seen.type == Type::SignInFailed)
    require(seen.session.empty() && !seen.failure.empty() && !seen.fresh_credentials);
  require(seen.session.empty() == seen.handle.empty());
}

void sessions(std::string_view body) {
  const business_central::SessionPage page = business_central::read_sessions(body);
  for (const business_central::ServerSession& one : page.sessions) {
    require(one.number > 0 && one.began != Time{} && one.user.size() <= 256);
    const business_central::ServerSession again = business_central::read_handle(handle_of(one));
    require(again.id() == one.id() && again.user == one.user);
  }
}

void okta_log(std::string_view body) {
  const okta::LogPage page = okta::read_log(body, "https://corp.okta.test");
  require(page.sightings.size() + page.filtered + page.unreadable == page.rows);
  for (const Sighting& seen : page.sightings) {
    check(seen);
    if (!seen.session.empty()) require(okta::read_handle(seen.handle).session == seen.session);
  }
}

void auth0_log(std::string_view body) {
  const auth0::LogPage page = auth0::read_log(body, "https://corp.auth0.test/");
  require(page.sightings.size() + page.filtered + page.unreadable == page.rows);
  require(page.last.empty() || auth0::is_session_id(page.last));
  for (const Sighting& seen : page.sightings) {
    check(seen);
    if (!seen.session.empty()) require(auth0::read_handle(seen.handle).session == seen.session);
  }
}

void authentik_events(std::string_view body) {
  const curfew::oauth::SweepPage page = authentik::read_events(body);
  require(page.is_last.has_value() && page.records.size() + page.unreadable == page.rows);
  for (const curfew::oauth::SweepRecord& one : page.records) {
    require(!one.identity.empty() && one.identity.size() <= 128);
    if (!one.sighting) continue;
    check(*one.sighting);
    require(one.sighting->session.empty());
    require(one.sighting->subject.empty() || authentik::is_user(one.sighting->subject));
  }
}

void authentik_lists(std::string_view body) {
  const authentik::SessionPage page = authentik::read_sessions(body);
  for (const authentik::ListedSession& one : page.sessions) {
    require(authentik::is_session(one.id) && one.agent.size() <= 512);
    const curfew::oauth::PersonSession again = authentik::read_handle(authentik::handle_of(one.user, one.id));
    require(!authentik::is_user(one.user) || (again.session == one.id && again.user == one.user));
  }
}

void authentik_tokens(std::string_view body) {
  const authentik::TokenPage page = authentik::read_tokens(body);
  for (const authentik::ListedToken& one : page.tokens) require(!one.id.empty() && !one.user.empty());
}

void path(std::string_view link) {
  const std::string text = curfew::oauth::path_below("https://api.corp.test/v1/", link, "the link");
  require(text.starts_with("/") &&
          text.find_first_of(std::string_view(" \r\n\t\0#", 6)) == std::string::npos);
  require(text.substr(0, text.find('?')).find("..") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0]) {
      case 'b':
        sessions(body);
        break;
      case 'o':
        okta_log(body);
        break;
      case 'a':
        auth0_log(body);
        break;
      case 'k':
        authentik_events(body);
        break;
      case 's':
        authentik_lists(body);
        break;
      case 't':
        authentik_tokens(body);
        break;
      case 'h': {
        if (const auth0::Handle handle = auth0::read_handle(body); !handle.user.empty())
          require(auth0::handle_of(handle.user, handle.session) == body);
        if (const okta::Handle handle = okta::read_handle(body); !handle.user.empty())
          require(okta::handle_of(handle.user, handle.session) == body);
        if (const auto handle = authentik::read_handle(body); !handle.user.empty())
          require(authentik::handle_of(handle.user, handle.session) == body);
        const business_central::ServerSession session = business_central::read_handle(body);
        require(session.number == 0 ||
                business_central::read_handle(handle_of(session)).id() == session.id());
        break;
      }
      case 'l': {
        const std::string found = curfew::oauth::next_link({{"link", std::string(body)}});
        require(body.find(found) != std::string_view::npos);
        break;
      }
      case 'p':
        path(body);
        break;
      case 'c': {
        const std::string text = to_text(curfew::oauth::read_log_cursor(std::string(body)));
        require(text.size() <= 4096 && to_text(curfew::oauth::read_log_cursor(text)) == text);
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
