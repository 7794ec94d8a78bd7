// The first byte says what the others are: the claims of a security event, an answer to a poll, or what a
// transmitter says of itself, of a stream or of its status.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "plugins/files/text.hpp"
#include "plugins/oauth/shared_signals/event_reader.hpp"
#include "plugins/oauth/shared_signals/poll_answer.hpp"
#include "plugins/oauth/shared_signals/stream_management.hpp"

namespace {

using namespace curfew::oauth::shared_signals;
namespace plugin = curfew::plugin;
using nlohmann::json;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_clean(const std::string& text, bool may_be_empty = false) {
  return (may_be_empty || !text.empty()) && text.size() <= 2048 && curfew::files::is_clean_utf8(text);
}

void read_claims(std::string_view bytes) {
  const plugin::Time now{std::chrono::seconds(1'795'000'000)};
  const EventTerms terms{.audiences = {"a"},
                         .naming = {.issuer = "i", .user_namespace = [](std::string_view) { return "upn"; }}};
  if (bytes.size() > curfew::oauth::longest_token) return;  // no token is so long
  const json claims = json::parse(bytes, nullptr, false);
  if (claims.is_discarded()) return;
  const SecurityEvent event = read_security_event(claims, terms, now);
  require(is_clean(event.id) && event.good_until > now && event.issued_at <= now + terms.clock_skew);
  require(event.occurred_at <= event.issued_at + terms.clock_skew && event.occurred_at > plugin::Time{});
  const Reading reading = read_event(event, {.tenants = {"t"}, .critical_members = {"device"}});
  if (!reading.sighting) return;
  require(!reading.sighting->session.empty() || !reading.sighting->names.empty());
  require(is_clean(reading.sighting->session, true));
  require(reading.sighting->names.size() <= most_aliases);
  for (const auto& name : reading.sighting->names) require(is_clean(name.name_space) && is_clean(name.value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 5U) {
      case 0:
        read_claims(bytes);
        break;
      case 1: {
        const PollAnswer answer = read_poll_answer(bytes);
        PollQuestion next;
        for (const auto& [id, token] : answer.sets) {
          require(is_clean(id));
          next.acknowledged.push_back(id);
          next.refused[id] = {Refusal::InvalidRequest, "no token"};
        }
        // What was answered can be said again.
        const json said = json::parse(poll_request(next));
        require(answer.sets.empty() || said["ack"].size() == answer.sets.size());
        break;
      }
      case 2: {
        const Metadata metadata = read_metadata(bytes, "https://i");
        for (const std::string& url :
             {metadata.configuration_endpoint, metadata.status_endpoint, metadata.verification_endpoint})
          require(url.empty() || is_safe_endpoint(url));
        break;
      }
      case 3:
        for (const Stream& one : read_streams(bytes, "https://i")) {
          require(is_clean(one.id));
          require(one.least_verification_interval >= plugin::Duration{} &&
                  one.least_verification_interval <= std::chrono::hours(24));
        }
        break;
      default:
        require(!read_status(bytes, "s").empty());
    }
  } catch (const RefusedEvent& refused) {
    require(!std::string_view(refused.what()).empty());
  } catch (const plugin::Failure&) {
    // Said, and nothing more.
  }
  return 0;
}
