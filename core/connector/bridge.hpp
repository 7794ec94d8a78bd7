// From the plugin's side of the ABI to ours: every size, length, text, number and time is checked here, in
// release builds too, before anything else of Curfew sees it.
//
//   std::string why;
//   auto observation = bridge::read(raw, why);        // nullopt: CURFEW_INVALID, `why` names the field
//
// Texts that are only shown or compared (device, user agent, names) are cleaned to valid UTF-8; texts that
// must come back unchanged (keys, cursors) are refused instead.
//
// Threads: pure functions. Owns: nothing. Fails: never; a null pointer is a refusal too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/connector/host.hpp"
#include "core/model/introspection.hpp"
#include "core/model/observation.hpp"
#include "curfew/plugin/abi.h"

namespace curfew::connector::bridge {

[[nodiscard]] std::optional<model::Observation> read(const curfew_observation* raw, std::string& why);
[[nodiscard]] std::optional<CursorProgress> read(const curfew_progress* raw, Time now, std::string& why);
[[nodiscard]] std::optional<ListedSession> read(const curfew_listed_session* raw, std::string& why);
// `allowed`: the groups whose members this source may tell; null: any.
[[nodiscard]] std::optional<GroupMembers> read(const curfew_group* raw,
                                               const std::vector<std::string>* allowed, std::string& why);

struct Remembered {
  std::string key;
  std::string value;
  Time expires_at{};
};
[[nodiscard]] std::optional<Remembered> read_memory(curfew_bytes key, curfew_bytes value,
                                                    std::int64_t expires_at, std::string& why);
[[nodiscard]] std::optional<std::string> read_coverage(curfew_bytes json, std::string& why);
[[nodiscard]] std::optional<std::string> read_gate_rules(curfew_bytes json, std::string& why);
[[nodiscard]] std::optional<std::string> read_gate_keys(curfew_bytes jwks, std::string& why);
// `bytes` are those of a curfew_http_answer.
[[nodiscard]] std::optional<HttpAnswer> read_answer(curfew_bytes bytes, std::string& why);
// … of a curfew_token_answer.
[[nodiscard]] std::optional<model::IntrospectedToken> read_token_answer(curfew_bytes bytes, std::string& why);
// A name or key that the plugin asks for; empty: refused.
[[nodiscard]] std::string read_name(curfew_bytes bytes, std::size_t longest);
// Cleaned, cut at the bound.
[[nodiscard]] std::string read_text(curfew_bytes bytes, std::size_t longest);
[[nodiscard]] std::string read_error(const curfew_error& error);

// What is wrong with a description; empty: nothing. Each line says what to do.
[[nodiscard]] std::vector<std::string> faults_of(const curfew_connector* connector);

[[nodiscard]] inline curfew_bytes bytes_of(std::string_view text) noexcept {
  return text.empty() ? curfew_bytes{nullptr, 0} : curfew_bytes{text.data(), text.size()};
}

}  // namespace curfew::connector::bridge
