// An observation as a source gave it, checked by the connector host and not yet admitted: it still holds
// personal values. It never reaches the engine, a log or a metric; admission turns it into Facts and
// PersonalValues.
//
// Threads: a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

struct NamedValue {
  std::string name_space;
  std::string value;
};

struct Observation {
  ObservationType type = ObservationType::Activity;
  AccountType account_type = AccountType::Unknown;
  ActivityClass activity_class = ActivityClass::Person;
  Interactivity interactivity = Interactivity::Unknown;
  AuthMethod auth_method = AuthMethod::Unknown;
  EndReason end_reason = EndReason::Unknown;
  Certainty end_certainty = Certainty::Stated;
  bool fresh_credentials = false;
  bool privileged = false;
  std::uint8_t factors = 0;
  std::uint32_t count = 1;
  Time occurred_at{};
  Time expires_at{};
  std::string key;        // idempotency key, unique within the source
  SessionDigest session;  // digest under the source's key; the clear id stays in the plugin …
  SessionDigest linked_session;
  std::string handle;                   // … unless it is no credential: then this is the erasable handle
  std::vector<NamedValue> identifiers;  // at most max_identifiers
  std::string device;
  std::string address;  // textual IP, without port
  std::string user_agent;
  std::string application;
  std::string failure;
};

}  // namespace curfew::model
