// Every metric that Curfew exports, once: name, type, help, labels. The reference page, the dashboards' lint
// and the registry read this table and nothing else.
//
//   for (const metrics::Metric& metric : metrics::all) …
//
// Rules: prefix curfew_, base units, _total on counters only; a label never holds a person, an address or a
// session's id. Threads: constants.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/metrics/outlet_outcomes.hpp"

namespace curfew::metrics {

enum class Kind { Counter, Gauge, Histogram };

inline constexpr std::size_t max_labels = 3;

struct Metric {
  std::string_view name;
  Kind kind;
  std::string_view help;
  std::array<std::string_view, max_labels> labels{};  // in the order in which values are given
};

// ---- sessions and subjects ----
inline constexpr Metric build_info{
    "curfew_build_info", Kind::Gauge, "Always 1; the labels say which build runs.", {"version"}};
inline constexpr Metric sessions_active{"curfew_sessions_active", Kind::Gauge,
                                        "Sessions that live now and are in use."};
inline constexpr Metric sessions_locked{"curfew_sessions_locked", Kind::Gauge,
                                        "Live sessions that are locked."};
inline constexpr Metric sessions_paused{"curfew_sessions_paused", Kind::Gauge,
                                        "Live sessions that are paused or disconnected."};
inline constexpr Metric subjects{"curfew_subjects", Kind::Gauge, "Subjects that the engine knows."};
inline constexpr Metric deadlines{"curfew_deadlines", Kind::Gauge, "Deadlines that wait in the engine."};
inline constexpr Metric engine_time{"curfew_engine_time_timestamp_seconds", Kind::Gauge,
                                    "Engine time of the newest input."};
inline constexpr Metric engine_inputs{"curfew_engine_inputs_total", Kind::Counter,
                                      "Inputs that the engine has taken."};
inline constexpr Metric engine_left_out{
    "curfew_engine_left_out",
    Kind::Gauge,
    "What the engine could not judge by, since the ledger began; it only grows: unknown_memberships (nobody "
    "told "
    "a policy's group), links_not_taught (two names in one record whose source may not join them), "
    "failed_sign_ins and account_changes (beyond what is kept).",
    {"what"}};

// ---- sources ----
inline constexpr Metric observations{
    "curfew_observations_total", Kind::Counter, "Observations that were admitted.", {"source", "type"}};
inline constexpr Metric observations_refused{
    "curfew_observations_refused_total",
    Kind::Counter,
    "Observations that were not admitted: repeat, too_late, invalid, too_large.",
    {"source", "reason"}};
inline constexpr Metric source_up{
    "curfew_source_up", Kind::Gauge, "1 while the source runs, 0 when it is down.", {"source"}};
inline constexpr Metric source_quarantined{
    "curfew_source_quarantined", Kind::Gauge, "1 while the source is quarantined.", {"source"}};
inline constexpr Metric source_last_observation{"curfew_source_last_observation_timestamp_seconds",
                                                Kind::Gauge,
                                                "Event time of the newest observation of the source.",
                                                {"source"}};
inline constexpr Metric source_observed_until{"curfew_source_observed_until_timestamp_seconds",
                                              Kind::Gauge,
                                              "Time up to which the source has shown everything.",
                                              {"source"}};
inline constexpr Metric source_records{"curfew_source_records_total",
                                       Kind::Counter,
                                       "Records behind the source's cursors: read, filtered, unreadable.",
                                       {"source", "outcome"}};
inline constexpr Metric group_names{"curfew_group_names",
                                    Kind::Gauge,
                                    "Names of the members of a group, as its source told them last.",
                                    {"source", "group"}};
inline constexpr Metric source_invalid{"curfew_source_invalid_total",
                                       Kind::Counter,
                                       "Calls of the plugin into the host that broke the contract.",
                                       {"source", "call"}};
inline constexpr Metric source_pushed_back{"curfew_source_pushed_back_total",
                                           Kind::Counter,
                                           "Times that the source had to wait because the pipeline was full.",
                                           {"source"}};
inline constexpr Metric source_call_errors{"curfew_source_call_errors_total",
                                           Kind::Counter,
                                           "Calls into the plugin that came back with an error.",
                                           {"source", "call"}};
inline constexpr Metric source_calls_abandoned{"curfew_source_calls_abandoned_total",
                                               Kind::Counter,
                                               "Calls into the plugin that did not come back in time.",
                                               {"source", "call"}};
inline constexpr Metric source_log_dropped{
    "curfew_source_log_dropped_total", Kind::Counter, "Log lines of the plugin beyond its rate.", {"source"}};

// ---- policies and enforcement ----
inline constexpr Metric violations{
    "curfew_violations_total", Kind::Counter, "Violations opened, by rule and mode.", {"rule", "mode"}};
inline constexpr Metric violations_withdrawn{
    "curfew_violations_withdrawn_total", Kind::Counter, "Violations that late evidence withdrew.", {"rule"}};
inline constexpr Metric warnings{
    "curfew_warnings_total", Kind::Counter, "Warnings given before a limit.", {"rule"}};
inline constexpr Metric warning_notices{
    "curfew_warning_notices_total",
    Kind::Counter,
    "Notices of warnings: accepted, refused, failed, timed_out; withdrawn: there was nothing to warn of any "
    "more.",
    {"channel", "outcome"}};
inline constexpr Metric sign_outs{"curfew_sign_outs_total",
                                  Kind::Counter,
                                  "Sign-outs that came to an outcome; a late proof is another one.",
                                  {"outcome"}};
inline constexpr Metric sign_outs_open{"curfew_sign_outs_open", Kind::Gauge, "Sign-outs that are under way."};
inline constexpr Metric sign_outs_held{"curfew_sign_outs_held", Kind::Gauge,
                                       "Sign-outs held back by caps, protection or approval."};
inline constexpr Metric sign_out_effect{"curfew_sign_out_effect_seconds", Kind::Histogram,
                                        "Time to effect: from the breach to the proof."};
inline constexpr Metric steps{"curfew_sign_out_steps_total",
                              Kind::Counter,
                              "Ladder steps carried out, by the answer to the call.",
                              {"source", "action", "answer"}};
inline constexpr Metric introspections{
    "curfew_token_introspections_total",
    Kind::Counter,
    "Tokens at a gate about which a source's issuer was asked, by what it said.",
    {"source", "state"}};
inline constexpr Metric token_revocations{
    "curfew_token_revocations_total",
    Kind::Counter,
    "Tokens of signed-out people that a source's issuer was asked to revoke, by its answer.",
    {"source", "answer"}};
inline constexpr Metric probes{
    "curfew_probes_total", Kind::Counter, "Probes, by what they said.", {"source", "liveness"}};
inline constexpr Metric gate_decisions{
    "curfew_gate_decisions_total", Kind::Counter, "Requests that the gate judged.", {"gate", "decision"}};
inline constexpr Metric gate_seconds{"curfew_gate_decision_seconds",
                                     Kind::Histogram,
                                     "Time from a request that was read to its answer.",
                                     {"gate"}};
inline constexpr Metric gate_sessions{
    "curfew_gate_sessions", Kind::Gauge, "Sessions in the gates' view: live, refused.", {"standing"}};
inline constexpr Metric gate_token_denials{
    "curfew_gate_token_denials", Kind::Gauge,
    "People's sign-outs by which the gates refuse earlier tokens; single sessions and tokens are among the "
    "refused of curfew_gate_sessions."};
inline constexpr Metric gate_token_denials_forgotten{
    "curfew_gate_token_denials_forgotten_total", Kind::Counter,
    "People's sign-outs that the gates forgot, as all tokens from before them have expired."};
inline constexpr Metric gate_connections{
    "curfew_gate_connections", Kind::Gauge, "Connections that the gate holds.", {"gate"}};
inline constexpr Metric gate_up{"curfew_gate_up",
                                Kind::Gauge,
                                "1 when the gate judges by its view, 0 while it fails open or closed.",
                                {"gate"}};
inline constexpr Metric gate_questions_failed{"curfew_gate_questions_failed_total",
                                              Kind::Counter,
                                              "Questions about unknown sessions that ended in an error.",
                                              {"gate"}};
inline constexpr Metric gate_activity_waiting{"curfew_gate_activity_waiting", Kind::Gauge,
                                              "Records of activity that the full pipeline did not take yet."};
inline constexpr Metric control_status{"curfew_control_status",
                                       Kind::Gauge,
                                       "1 for the status that a compliance control has: satisfied, "
                                       "not_satisfied, not_testable, no_data; as it was evaluated last.",
                                       {"framework", "control", "status"}};
inline constexpr Metric control_evaluated{"curfew_control_evaluated_timestamp_seconds", Kind::Gauge,
                                          "When the controls' status was evaluated."};
inline constexpr Metric control_evaluation{"curfew_control_evaluation_seconds", Kind::Gauge,
                                           "How long the newest evaluation of the controls took."};
inline constexpr Metric control_evaluations{"curfew_control_evaluations_total",
                                            Kind::Counter,
                                            "Evaluations of the controls: evaluated, failed.",
                                            {"outcome"}};

// ---- ledger and store ----
inline constexpr Metric ledger_size{"curfew_ledger_size", Kind::Gauge, "Entries in the stream's tree."};
inline constexpr Metric ledger_entries{
    "curfew_ledger_entries_total", Kind::Counter, "Entries committed, by kind.", {"kind"}};
inline constexpr Metric ledger_commit{"curfew_ledger_commit_seconds", Kind::Histogram,
                                      "Time to commit one batch."};
inline constexpr Metric ledger_checkpoint{"curfew_ledger_checkpoint_timestamp_seconds", Kind::Gauge,
                                          "When the newest checkpoint was signed."};
inline constexpr Metric store_up{"curfew_store_up", Kind::Gauge,
                                 "1 while the database answers, 0 when it is away."};
inline constexpr Metric store_failures{"curfew_store_failures_total", Kind::Counter,
                                       "Times that the writer did not get an answer from the database."};
inline constexpr Metric snapshot_stored{"curfew_snapshot_timestamp_seconds", Kind::Gauge,
                                        "When the newest snapshot of the engine was stored."};
inline constexpr Metric queue_depth{
    "curfew_queue_depth", Kind::Gauge, "Items that wait in a queue between threads.", {"queue"}};

// ---- outlets ----
inline constexpr Metric outlet_lag{"curfew_outlet_lag_entries",
                                   Kind::Gauge,
                                   "Entries of the ledger that an outlet has not looked at yet.",
                                   {"outlet"}};
inline constexpr Metric outlet_waiting{"curfew_outlet_waiting",
                                       Kind::Gauge,
                                       "What an outlet holds for its receiver, which has not taken it yet.",
                                       {"outlet"}};
inline constexpr Metric outlet_delivered{
    "curfew_outlet_delivered_total", Kind::Counter, outlet_help::text, {"outlet", "outcome"}};
inline constexpr Metric outlet_failures{"curfew_outlet_failures_total",
                                        Kind::Counter,
                                        "Attempts of an outlet to deliver that failed; they are made again.",
                                        {"outlet"}};

// ---- HTTP ----
inline constexpr Metric http_requests{
    "curfew_http_requests_total", Kind::Counter, "HTTP requests answered.", {"listener", "route", "status"}};
inline constexpr Metric http_seconds{
    "curfew_http_request_seconds", Kind::Histogram, "Time to answer an HTTP request.", {"listener"}};

inline constexpr Metric connections_closed{
    "curfew_connections_closed_total",
    Kind::Counter,
    "Connections that a listener or gate closed or refused: slow (or idle), address_limit, no_worker, tls.",
    {"listener", "reason"}};

inline constexpr std::array all{build_info,
                                sessions_active,
                                sessions_locked,
                                sessions_paused,
                                subjects,
                                deadlines,
                                engine_time,
                                engine_left_out,
                                engine_inputs,
                                observations,
                                observations_refused,
                                source_up,
                                source_quarantined,
                                source_last_observation,
                                source_observed_until,
                                source_records,
                                group_names,
                                source_invalid,
                                source_pushed_back,
                                source_call_errors,
                                source_calls_abandoned,
                                source_log_dropped,
                                violations,
                                violations_withdrawn,
                                warnings,
                                warning_notices,
                                sign_outs,
                                sign_outs_open,
                                sign_outs_held,
                                sign_out_effect,
                                steps,
                                introspections,
                                token_revocations,
                                probes,
                                gate_decisions,
                                gate_seconds,
                                gate_sessions,
                                gate_token_denials,
                                gate_token_denials_forgotten,
                                gate_connections,
                                gate_up,
                                gate_questions_failed,
                                gate_activity_waiting,
                                control_status,
                                control_evaluated,
                                control_evaluation,
                                control_evaluations,
                                ledger_size,
                                ledger_entries,
                                ledger_commit,
                                ledger_checkpoint,
                                store_up,
                                store_failures,
                                snapshot_stored,
                                queue_depth,
                                outlet_lag,
                                outlet_waiting,
                                outlet_delivered,
                                outlet_failures,
                                http_requests,
                                http_seconds,
                                connections_closed};

}  // namespace curfew::metrics
