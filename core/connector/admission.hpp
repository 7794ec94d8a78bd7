// Admission: from an observation with personal values to facts without any.
//
//   connector::Admission admission(settings, symbols);
//   auto admitted = admission.admit("corp-ad", observation, now);
//
// It draws references for values that it has not met, normalises identifiers by the configured links, classes
// addresses, recognises repeats by idempotency key, and refuses what is too late or too large for a leaf.
//
// A session's handle has no reference in the facts: its personal value carries the session's digest as its
// namespace, which is how an action finds the handle of the session that it is about.
//
// Threads: any; it locks itself (sources admit on their own threads), and does the hashing and normalising
// outside of its locks. Owns: the dictionary of references and the window of idempotency keys, both filled at
// start from the store. Fails: Error(Configuration) when links or networks can't be read; Error(Internal)
// when a source was not added.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/digest.hpp"
#include "core/model/entry.hpp"
#include "core/model/facts.hpp"
#include "core/model/observation.hpp"

namespace curfew::connector {

enum class Refusal : std::uint8_t { Repeat, TooLate, Invalid, TooLarge };
[[nodiscard]] std::string_view name_of(Refusal refusal) noexcept;

struct Admitted {
  model::Facts facts;
  std::vector<model::PersonalValue> introduced;  // new references; goes into the entry's personal values
  Digest16 key{};                                // digest of the idempotency key
  Time key_expires_at{};
};

// How a name becomes the canonical one: rules from the configuration.
struct LinkRules {
  struct Domain {
    std::string domain;      // "CORP"
    std::string upn_suffix;  // "corp.test"
  };
  std::vector<Domain> domains;  // windows_account CORP\alice and upn alice@corp.test are one identifier
  bool case_sensitive = false;
  struct Alias {
    std::string from;  // "namespace:value"
    std::string to;
  };
  std::vector<Alias> aliases;
};

struct AdmissionSettings {
  LinkRules links;
  std::vector<std::string> private_networks;  // CIDR beyond RFC 1918 and ULA
  Duration default_lateness{std::chrono::seconds(5)};
  // Makes the digests of idempotency keys unguessable, as keys may hold names. The same at every start, or
  // stored keys are not recognised.
  std::string key_secret;
  // Further ahead of `now` than this is a broken clock, and would move every deadline: refused as invalid.
  Duration longest_ahead{std::chrono::hours(24)};
};

class Admission {
 public:
  Admission(AdmissionSettings settings, model::Symbols& symbols);
  ~Admission();
  Admission(Admission&&) noexcept;

  // `retry_window`: how long the source may repeat; older than newest − window is TooLate. Recorded input
  // that may come in any order takes Duration::max(): nothing is too late, every key is kept.
  void add_source(std::string_view source, Duration retry_window);
  // `now`: the wall clock.
  [[nodiscard]] std::variant<Admitted, Refusal> admit(std::string_view source,
                                                      const model::Observation& observation, Time now);
  // An admitted observation that did not become durable after all: its key may come again.
  void forget(std::string_view source, const Digest16& key);

  // Start: what the store kept.
  void know_reference(const model::PersonalValue& value);
  // Keys of one source, many at once: a start has millions. False: no such source.
  struct KnownKey {
    Digest16 key{};
    Time expires_at{};
  };
  bool know_keys(std::string_view source, std::span<const KnownKey> keys);
  // The reference of a value, if it has one: how operators' names become references ("upn:alice@corp.test").
  [[nodiscard]] model::Ref find(model::PersonalKind kind, std::string_view name_space,
                                std::string_view value) const;
  // The same, drawn if it is new: names in a configuration stand for people who may not have been seen yet.
  // What was drawn is appended to `introduced`. None: no valid name.
  model::Ref introduce(std::string_view name_space, std::string_view value,
                       std::vector<model::PersonalValue>& introduced);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::connector
