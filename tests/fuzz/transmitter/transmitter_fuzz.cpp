// The first byte says what the others are: a body of stream management, a poll's, a stored stream or list of
// subjects, or a receiver's Retry-After.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/outlet/event_push.hpp"
#include "core/outlet/receiver_bodies.hpp"
#include "core/outlet/stream_subjects.hpp"

namespace {

using namespace curfew::outlet;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_clean(const std::string& text) { return text.size() <= 2'048 && curfew::base::is_clean_utf8(text); }

void read_stream(std::string_view bytes) {
  const StreamBody body = parse_stream_body(bytes);
  require(is_clean(body.stream_id) && is_clean(body.issuer) && body.audiences.size() <= 100);
  if (!body.delivery) return;
  require(!body.delivery->method.empty() && is_clean(body.delivery->endpoint));
  // It goes into a header of ours.
  if (body.delivery->authorization)
    for (const char c : *body.delivery->authorization) require(c >= ' ' && c <= '~');
  if (!is_safe_endpoint(body.delivery->endpoint)) return;
  require(body.delivery->endpoint.find('@') == std::string::npos ||
          body.delivery->endpoint.find('/', 8) != std::string::npos);
}

void read_poll(std::string_view bytes) {
  const PollBody body = parse_poll_body(bytes);
  require(body.most <= most_polled && body.acknowledged.size() <= most_pending &&
          body.refused.size() <= most_pending);
  for (const std::string& id : body.acknowledged) require(is_clean(id));
  for (const Complaint& complaint : body.refused)
    require(is_clean(complaint.id) && complaint.code.size() <= 64);
}

void read_subject(std::string_view bytes) {
  const SubjectBody body = parse_subject_body(bytes);
  require(is_clean(body.stream_id) && !body.identifiers.empty() && body.identifiers.size() <= 8);
  for (const SubjectIdentifier& one : body.identifiers) {
    require(!one.format.empty() && !one.name.name_space.empty() && !one.name.value.empty());
    require(one.name.value.size() <= 2 * 2'048 + 1 && curfew::base::is_clean_utf8(one.name.value));
    require(subject_digest("key", one.name, true) == subject_digest("key", one.name, true));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 8U) {
      case 0:
        read_stream(bytes);
        break;
      case 1:
        require(is_clean(parse_status_body(bytes).stream_id));
        break;
      case 2:
        require(is_clean(parse_verification_body(bytes).stream_id));
        break;
      case 3:
        read_poll(bytes);
        break;
      case 4: {
        // Characters that can't be stored are replaced once, and then stay as they are.
        const StreamState state = stream_state_from_json(to_json(stream_state_from_json(bytes)));
        require(stream_state_from_json(to_json(state)) == state);
        break;
      }
      case 5: {
        const auto wait = parse_retry_after(std::string(bytes), curfew::Time{std::chrono::hours(500'000)});
        require(!wait || (*wait >= curfew::Duration(0) && *wait <= std::chrono::hours(1)));
        break;
      }
      case 6:
        read_subject(bytes);
        break;
      default: {
        const SubjectList list = subject_list_from_json(to_json(subject_list_from_json(bytes)));
        require(subject_list_from_json(to_json(list)) == list);
      }
    }
  } catch (const BodyError& error) {
    require(!std::string_view(error.what()).empty());
  } catch (const curfew::Error&) {
    // A stored stream that is damaged: said, and nothing more.
  }
  return 0;
}
