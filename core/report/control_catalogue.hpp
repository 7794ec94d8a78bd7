// The control catalogue: what frameworks ask of sessions, and how each is tested. The data is in
// core/report/catalogue, one file for each framework with its source and version; a framework of another
// version, or another one, is another file and no code.
//
//   for (const Framework& framework : report::catalogue())
//     for (const Control& control : framework.controls) …
//
// A number is in the data only where its source was read. What an organisation defines has none here: it is
// taken from the policies in force.
//
// Threads: constants after the first call. Owns: the catalogue. Fails: Error(Internal) naming file and field
// for data that breaks these rules; unit tests hold that the shipped data keeps them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/policy.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::report {

enum class Check : std::uint8_t {
  NotTestable,       // by records of sessions; the control says why
  PolicyKept,        // rules: policies of these rules were in force, and what breached them was ended in time
  FreshCredentials,  // limit: longest time without fresh credentials, measured
  IdleTime,  // limit: after a longer time without activity nobody went on without authenticating, measured
  SignOutsEffective,           // what was ordered was proven
  SignOutUsed,                 // people ended sessions themselves, in each application
  SharedAccounts,              // no session of a shared account, or of nobody known
  ServiceAccountsInteractive,  // no person at a service account
  RecordContent,               // sign-ins say who and from where
  FailuresNoticed,             // limit: each loss of records was noticed in that time, and ended
  LedgerIntact,                // the ledger was verified
  Retention,                   // limit: the ledger reaches back so far
  ClocksAhead,                 // tolerance: no record is from the future
};

// Who has a number for it.
enum class Numbers : std::uint8_t {
  None,          // there is none
  Organisation,  // it defines its own
  Fixed,         // the standard does
  Profile,       // an overlay of another standard does
};

// How the text behind an entry was read.
enum class ReadIn : std::uint8_t { Primary, ThirdParty, Unconfirmed };

// Whose sessions a test is about.
enum class Population : std::uint8_t {
  People,  // of all accounts but services and computers
  All,
  MultiFactor,  // of people, with two factors or more; where their number is not known, with the unknown said
  Privileged,
  NotPrivileged,  // of people
};

struct Control {
  std::string id;       // "ac-12", unique in its framework
  std::string control;  // its number in the framework's own catalogue: `id` but where one control has parts
  std::string title;
  std::string level;  // baseline, assurance level; empty: it has none
  std::string requirement;
  Numbers numbers = Numbers::None;
  ReadIn read = ReadIn::Primary;
  Check test = Check::NotTestable;
  std::string not_testable;  // why
  std::string tested_part;   // what of it the test is about; empty: as far as sessions can show it
  std::vector<model::Rule> rules;
  Duration limit{0};
  Duration window{0};
  std::uint32_t most = 0;
  Duration tolerance{0};  // ours: between what is measured and what happened
  Population population = Population::People;
  std::string objective;  // OSCAL's id of what is assessed; empty: the framework has none
};

struct Framework {
  std::string id;  // "nist-800-53", as policies name controls: "nist-800-53:ac-12"
  std::string name;
  std::string version;
  std::string source;
  std::string note;
  std::vector<Control> controls;
};

// As shipped, in the order in which reports show them.
[[nodiscard]] const std::vector<Framework>& catalogue();
[[nodiscard]] Framework framework_from_json(std::string_view json);
// Null: there is none.
[[nodiscard]] const Framework* find_framework(std::string_view id);

// The texts of the data files, as the build put them in.
[[nodiscard]] std::span<const std::string_view> catalogue_files() noexcept;

}  // namespace curfew::report

template <>
struct curfew::model::Names<curfew::report::Check> {
  static constexpr std::array<std::string_view, 13> all{
      "not_testable",        "policy_kept",      "fresh_credentials", "idle_time",
      "sign_outs_effective", "sign_out_used",    "shared_accounts",   "service_accounts_interactive",
      "record_content",      "failures_noticed", "ledger_intact",     "retention",
      "clocks_ahead"};
};
template <>
struct curfew::model::Names<curfew::report::Numbers> {
  static constexpr std::array<std::string_view, 4> all{"none", "organisation", "fixed", "profile"};
};
template <>
struct curfew::model::Names<curfew::report::ReadIn> {
  static constexpr std::array<std::string_view, 3> all{"primary", "third_party", "unconfirmed"};
};
template <>
struct curfew::model::Names<curfew::report::Population> {
  static constexpr std::array<std::string_view, 5> all{"people", "all", "multi_factor", "privileged",
                                                       "not_privileged"};
};
