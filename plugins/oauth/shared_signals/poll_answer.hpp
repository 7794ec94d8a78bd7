// Poll-based delivery (RFC 8936) as JSON: what is asked, and what is answered.
//
//   std::string body = poll_request({.most = 100, .acknowledged = {"4d3559…"}, .refused = {}});
//   const PollAnswer answer = read_poll_answer(reply.body);
//
// Threads: pure functions. Owns: its texts. Fails: plugin::Failure(Unavailable) for an answer that is none:
// it is asked again, and the transmitter still has what it held.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/shared_signals/refusal.hpp"

namespace curfew::oauth::shared_signals {

struct Complaint {
  Refusal refusal = Refusal::InvalidRequest;
  std::string text;
};

struct PollQuestion {
  std::size_t most = 100;
  std::vector<std::string> acknowledged;     // jti
  std::map<std::string, Complaint> refused;  // by jti
};
[[nodiscard]] std::string poll_request(const PollQuestion& question);

struct PollAnswer {
  std::map<std::string, std::string> sets;  // jti: token; what is no text came as an empty one
  bool has_more = false;
};
inline constexpr std::size_t most_sets = 5000;
[[nodiscard]] PollAnswer read_poll_answer(std::string_view body);

// RFC 8935 2.3: {"err", "description"}.
[[nodiscard]] std::string complaint_text(const Complaint& complaint);

// Whether brackets nest no deeper than this, before a parser looks at them.
[[nodiscard]] bool is_shallow(std::string_view json, std::size_t deepest = 32);

}  // namespace curfew::oauth::shared_signals
