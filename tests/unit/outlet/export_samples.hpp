// One entry, at least, for each row of the table of exports, with facts as the program writes them.
//
// Threads: values.
#pragma once

#include <string>
#include <vector>

#include "core/outlet/export_formats.hpp"

namespace curfew::outlet {

inline const ledger::StreamId sample_stream{"main", "a", 1};
inline constexpr model::Ref sample_person{0xa1};
inline constexpr model::Ref sample_device{0xd1};
inline constexpr model::Ref sample_address{0xadd1};

inline ledger::SealedEntry sample_entry(model::EntryKind kind, std::string facts,
                                        std::uint64_t sequence = 7) {
  ledger::SealedEntry sealed;
  sealed.sequence = sequence;
  sealed.recorded_at = base::from_micros(1'763'758'681'000'001);
  sealed.entry.kind = kind;
  sealed.entry.engine_time = base::from_micros(1'763'758'680'500'000);
  sealed.entry.source = "crm-forms";
  sealed.entry.session.bytes[0] = 0x10;
  sealed.entry.subject = sample_person;
  sealed.entry.facts = std::move(facts);
  if (kind == model::EntryKind::Observation)
    sealed.entry.occurred_at = base::from_micros(1'763'758'679'123'456);
  return sealed;
}

inline std::string sample_observation(std::string_view type) {
  std::string facts =
      R"({"type":")" + std::string(type) +
      R"(","ids":[["upn","00000000000000a1"]],"account_type":"human","application":"CRM",)"
      R"("device":"00000000000000d1","address":"000000000000add1","network":"private",)"
      R"("user_agent":"00000000000000e1","auth_method":"kerberos","interactivity":"interactive",)"
      R"("fresh_credentials":true,"factors":2,"privileged":true)";
  if (type == "sign_out") facts += R"(,"end_reason":"signed_out")";
  if (type == "sign_in_failed") facts += R"(,"failure":"bad_password")";
  if (type == "gap") facts = R"({"type":"gap","failure":"log_cleared","count":12)";
  return facts + R"(,"expires_at":1763800000000000})";
}

inline std::vector<ledger::SealedEntry> export_samples() {
  using model::EntryKind;
  std::vector<ledger::SealedEntry> all;
  const auto add = [&](EntryKind kind, std::string facts) {
    all.push_back(sample_entry(kind, std::move(facts), all.size()));
  };
  const auto of_nobody = [&](EntryKind kind, std::string facts) {
    add(kind, std::move(facts));
    all.back().entry.source.clear();
    all.back().entry.session = {};
    all.back().entry.subject = {};
  };
  of_nobody(EntryKind::StreamOpened,
            R"({"node":"a","epoch":1,"verifier_key":"curfew/main/a/1+869b7a4f+AY"})");
  for (const std::string_view type : model::Names<model::ObservationType>::all)
    add(EntryKind::Observation, sample_observation(type));
  of_nobody(EntryKind::Observation, R"({"type":"sign_in_failed"})");
  of_nobody(EntryKind::Progress, R"({"observed_until":1763758680000000,"caught_up":true,"closed":false})");
  of_nobody(EntryKind::Started, R"({"version":"0.1.0"})");
  of_nobody(EntryKind::Tick, "{}");
  of_nobody(EntryKind::Clock, R"({"from":1763758680000000,"to":1763758980000000})");
  of_nobody(EntryKind::Configuration, R"({"part":1,"of":2,"text":"{\"digest\":\"ab\\n\""})");
  of_nobody(EntryKind::Groups, R"({"part":1,"of":1,"text":"{}"})");
  of_nobody(EntryKind::Command,
            R"({"verb":"sign_out","by":"ops","reason":"left | the = company\\ \"now\"","session_number":3,)"
            R"("subject":"00000000000000a1","order":0,"ladder":[]})");
  add(EntryKind::Answer, R"({"order":4,"step":0,"code":"accepted","text":"HTTP 200"})");
  add(EntryKind::Answer, R"({"order":4,"step":0,"code":"timed_out","text":""})");
  add(EntryKind::Probe, R"({"order":4,"step":0,"probe":1,"session":"dead","control":"alive","text":""})");
  add(EntryKind::SessionEnded,
      R"({"session_number":3,"reason":"idle_timeout","certainty":"inferred","ended_at":1763758000000000})");
  add(EntryKind::SessionReopened, R"({"session_number":3,"was":"vanished","activity_at":1763758679123456})");
  add(EntryKind::SubjectLinked,
      R"({"ids":[["upn","00000000000000a1"],["windows_sid","00000000000000a2"]],"into":"00000000000000a1",)"
      R"("from":"00000000000000a2"})");
  add(EntryKind::LinkRefused,
      R"({"ids":[["upn","00000000000000a1"],["windows_sid","00000000000000a2"]],"because":"conflict"})");
  for (const char* mode : {"observe", "enforce"})
    add(EntryKind::ViolationOpened,
        R"({"violation":5,"policy":"work day","rule":"session_timeout","mode":")" + std::string(mode) +
            R"(","session_number":3,"breached_at":1763758670000000,)"
            R"("evidence":{"limit":28800000000,"measured":28801000000,"sessions":[3]}})");
  add(EntryKind::ViolationWithdrawn,
      R"({"violation":5,"policy":"work day","session_number":3,"because":"late_end"})");
  add(EntryKind::Warned,
      R"({"policy":"work day","rule":"session_timeout","session_number":3,"deadline":1763759000000000,)"
      R"("notify":["mail"]})");
  add(EntryKind::SignOutOrdered,
      R"({"order":4,"violation":5,"session_number":3,"reason":"work day","ordered_by":"policy",)"
      R"("outcome":"pending","ladder":[{"action":"sign_out_session"}]})");
  add(EntryKind::Intent, R"({"order":4,"step":0,"action":"sign_out_session","at":"crm-forms"})");
  for (const std::string_view outcome : model::Names<model::Outcome>::all)
    add(EntryKind::OutcomeRecorded,
        R"({"order":4,"outcome":")" + std::string(outcome) + R"(","time_to_effect":1500000})");
  add(EntryKind::OutcomeRecorded,
      R"({"order":4,"step":0,"verdict":"proven","proof":"probe","answer":"accepted"})");
  add(EntryKind::OutcomeRecorded, R"({"order":4,"step":0,"reverted":true})");
  of_nobody(EntryKind::Alert, R"({"about":"sign_out","order":4,"text":"the ladder is exhausted"})");
  of_nobody(EntryKind::PluginLoaded, R"({"name":"forms","version":"0.1.0","sha256":"00ff"})");
  for (const char* state : {"up", "finished", "quarantined"})
    of_nobody(EntryKind::SourceChanged, R"({"state":")" + std::string(state) + R"(","text":"because"})");
  of_nobody(EntryKind::Access, R"({"by":"auditor","reason":"case 17","references":2})");
  of_nobody(EntryKind::Erasure, R"({"covers":[{"stream":"curfew/main/a/1","ranges":[[1,2]]}]})");
  add(EntryKind::Notified,
      R"({"policy":"work day","session_number":3,"deadline":1763759000000000,"channel":"mail",)"
      R"("outcome":"accepted"})");
  add(EntryKind::Alert, "no object at all\n");
  return all;
}

inline ExportNames sample_names() {
  return {{sample_person, {sample_person, model::PersonalKind::Identifier, "upn", "zoë=|\\\"@corp.test"}},
          {sample_device, {sample_device, model::PersonalKind::Device, "host", "PC-17"}},
          {sample_address, {sample_address, model::PersonalKind::Address, "ip", "10.1.2.3"}}};
}

}  // namespace curfew::outlet
