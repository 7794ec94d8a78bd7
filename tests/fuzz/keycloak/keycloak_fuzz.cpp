// The first byte chooses: 'u', a page of user events; 'a', of admin events; 'c', a stored cursor; 's', a page
// that a sweep gets again and again. What is read has a time and a key, no key comes twice, and a cursor can
// be read again.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/providers/keycloak/cursor.hpp"
#include "plugins/oauth/providers/keycloak/events.hpp"

namespace {

using namespace curfew::oauth::keycloak;
using curfew::oauth::EventSweep;
using curfew::oauth::Mark;
using curfew::oauth::Swept;
using curfew::plugin::Failure;

void require(bool held) {
  if (!held) std::abort();
}

Reading reading() {
  return {.digest = [](std::string_view text) { return curfew::plugin::KeyedDigest("a key")(text); },
          .own_client = "us"};
}

void check(const Page& page) {
  require(page.records.size() + page.unreadable == page.rows);
  for (const Record& record : page.records) {
    require(record.time > 0 && !record.identity.empty());
    require(!record.sighting || record.sighting->at.time_since_epoch().count() == record.time * 1000);
  }
}

void sweep(std::string_view body) {
  EventSweep events({.fetch =
                         [&](std::int64_t, std::size_t first, std::size_t) {
                           // Twice the same: the second shows what the first has shown.
                           return first < 100 ? read_user_events(body, reading()) : Page{};
                         },
                     .overlap = 10'000,
                     .page = 1,
                     .most_kept = 8});
  std::set<std::string> keys;
  for (int round = 0; round < 3; ++round) {
    for (int steps = 0; steps < 200 && !events.step(); ++steps) {
    }
    const Swept swept = events.take();
    std::int64_t last = 0;
    for (const Record& record : swept.records) {
      require(record.time >= last);
      last = record.time;
      require(round > 0 || keys.insert(record.identity).second);
    }
    (void)read_cursor(to_text({.users = events.mark(), .admins = {}}));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0]) {
      case 'u':
        check(read_user_events(body, reading()));
        break;
      case 'a':
        check(read_admin_events(body, reading()));
        break;
      case 's':
        sweep(body);
        break;
      case 'c': {
        const std::string text = to_text(read_cursor(std::string(body)));
        require(to_text(read_cursor(text)) == text);
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
