// What a transmitter says of itself (Shared Signals 1.0, chapter 7) and of a stream (8.1), as JSON.
//
//   const Metadata metadata = read_metadata(body, "https://idp.corp.test");
//   const std::vector<Stream> streams = read_streams(body, metadata.issuer);
//
// Threads: pure functions. Owns: its texts. Fails: plugin::Failure: Unavailable for what is no such document,
// Refused for one that must not be believed: of another issuer, or with endpoints in the clear.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth::shared_signals {

inline constexpr std::string_view push_method = "urn:ietf:rfc:8935";
inline constexpr std::string_view poll_method = "urn:ietf:rfc:8936";

struct Metadata {
  std::string configuration_endpoint;
  std::string status_endpoint;
  std::string verification_endpoint;
  std::vector<std::string> critical_members;
};
[[nodiscard]] Metadata read_metadata(std::string_view body, const std::string& issuer);
// Where it is: /.well-known/ssf-configuration between the issuer's host and its path.
[[nodiscard]] std::string metadata_url(std::string_view issuer);

struct Stream {
  std::string id;
  std::string method;
  std::string endpoint_url;
  std::vector<std::string> audiences;
  std::vector<std::string> delivered;  // types of events
  plugin::Duration least_verification_interval{};
};
// One, or a list of them.
[[nodiscard]] std::vector<Stream> read_streams(std::string_view body, const std::string& issuer);

// enabled, paused or disabled.
[[nodiscard]] std::string read_status(std::string_view body, const std::string& stream);

// https, or this machine; without a user, and no fragment.
[[nodiscard]] bool is_safe_endpoint(const std::string& url);

}  // namespace curfew::oauth::shared_signals
