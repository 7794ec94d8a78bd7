// What receivers send: bodies of stream management (Shared Signals 1.0, section 8) and of polls (RFC 8936).
//
//   const StreamBody body = outlet::parse_stream_body(request_body);      // throws BodyError("'stream_id'
//   …")
//
// Members that Curfew doesn't know are passed over, as these specifications ask; those that it knows must be
// of their form, and lists, texts and depth are bounded.
//
// Threads: pure functions. Fails: BodyError, with what is wrong and where.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/observation.hpp"
#include "core/outlet/stream_state.hpp"

namespace curfew::outlet {

class BodyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t most_polled = 100;  // events in one answer

struct DeliveryBody {
  std::string method;  // the URN, as it was said
  std::string endpoint;
  std::optional<std::string> authorization;  // what a push is to show
};

// Of create, update and replace.
struct StreamBody {
  std::string stream_id;
  std::string issuer;  // these two are ours: said again, they must be right
  std::vector<std::string> audiences;
  std::optional<DeliveryBody> delivery;
  std::optional<std::vector<std::string>> requested;
  std::optional<std::string> description;
};

struct StatusBody {
  std::string stream_id;
  StreamStatus status = StreamStatus::Enabled;
  std::string reason;
};

struct VerificationBody {
  std::string stream_id;
  std::optional<std::string> state;
};

// One subject identifier (RFC 9493) of a person.
struct SubjectIdentifier {
  std::string format;
  model::NamedValue name;
};
// Of adding and removing a subject. `verified` must be of its form, and changes nothing: what a receiver is
// told does not rest on its own word.
struct SubjectBody {
  std::string stream_id;
  std::vector<SubjectIdentifier> identifiers;  // of `aliases` several
};

struct Complaint {
  std::string id;
  std::string code;
};
struct PollBody {
  std::size_t most = most_polled;
  bool returns_at_once = false;
  std::vector<std::string> acknowledged;
  std::vector<Complaint> refused;
};

[[nodiscard]] StreamBody parse_stream_body(std::string_view text);
[[nodiscard]] StatusBody parse_status_body(std::string_view text);
[[nodiscard]] VerificationBody parse_verification_body(std::string_view text);
[[nodiscard]] SubjectBody parse_subject_body(std::string_view text);
[[nodiscard]] PollBody parse_poll_body(std::string_view text);

}  // namespace curfew::outlet
