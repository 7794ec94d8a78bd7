from source.build import *

board = Dashboard(
    "curfew-operations", "Curfew / Ledger and operations",
    "Is what sources tell taken, judged and committed, and how fast? Failure modes are in docs/operations.md.",
    [PROMETHEUS_SOURCE, POSTGRES_SOURCE, JOB, INSTANCE, CURFEW_URL], start="now-6h")
AWAY = "Curfew is not reached"
NO_SOURCE = "No source is configured"
NO_GATE = "No gate is configured"
NO_OUTLET = "Nothing leaves by an outlet"
RATE = "[$__rate_interval]"


def quantiles(metric, by=""):
    return [promql(f"histogram_quantile({q}, sum by (le{by}) (rate({metric}_bucket{{@}}{RATE})))",
                   name + (" {{" + by[2:] + "}}" if by else "")) for q, name in ((0.5, "median"), (0.99, "p99"))]


board.row("Now", 4, [
    stat("Version", "The build that runs.", "none", promql("max by (version) (curfew_build_info{@})", "{{version}}", instant=True),
         AWAY, text="name"),
    stat("Database", "Whether PostgreSQL answers the writer.", "none", promql("min(curfew_store_up{@})"), AWAY,
         steps(RED, (1, BLUE)), [(0, "away", RED), (1, "up", BLUE)]),
    stat("Engine behind by", "How far the engine's time is behind the clock.", "s",
         promql("max(time() - curfew_engine_time_timestamp_seconds{@})"), AWAY, steps(BLUE, (60, ORANGE), (300, RED))),
    stat("Newest checkpoint", "Age of the newest signed head. An idle daemon signs nothing.", "s",
         promql("max(time() - curfew_ledger_checkpoint_timestamp_seconds{@})"), "Nothing signed since the start"),
    stat("Ledger entries", "Entries in the stream's tree.", "short", promql("sum(curfew_ledger_size{@})"), AWAY),
    stat("Waiting for the engine", "Observations in the queue. When it is full, sources are slowed.", "short",
         promql("sum(curfew_queue_depth{@, queue=\"intake\"})"), AWAY, steps(BLUE, (10000, ORANGE), (50000, RED))),
])
board.row("Ledger", 8, [
    lines("Entries committed, by kind", "What is written into the ledger each second.", "wps",
          promql(f"sum by (kind) (rate(curfew_ledger_entries_total{{@}}{RATE}))", "{{kind}}", least=10), stacked=True),
    lines("Time to commit a batch", "From the start of the transaction to its answer.", "s",
          quantiles("curfew_ledger_commit_seconds"), "No commit in this time", colours=("median", "p99")),
    lines("Answers that the database did not give", "Times that the writer got no answer, each minute; the same bytes are "
          "sent again.", "cpm", promql(f"60 * sum by (instance) (rate(curfew_store_failures_total{{@}}{RATE}))",
                                       "{{instance}}")),
])
board.row("Engine", 7, [
    lines("Queue", "Observations that wait for the engine.", "short",
          promql("sum by (queue) (curfew_queue_depth{@})", "{{queue}}")),
    lines("What the engine holds", "Deadlines that wait, and subjects that it knows.", "short", [
        promql("sum(curfew_deadlines{@})", "deadlines"), promql("sum(curfew_subjects{@})", "subjects")]),
])
board.row("Sources", 9, [
    table("Sources", "Each source as it is now. Silence of a source is nobody's inactivity: absence rules wait for it.", [
        promql("max by (source) (curfew_source_up{@})", as_table=True),
        promql("max by (source) (curfew_source_quarantined{@})", as_table=True),
        promql("time() - max by (source) (curfew_source_last_observation_timestamp_seconds{@})", as_table=True),
        promql("time() - max by (source) (curfew_source_observed_until_timestamp_seconds{@})", as_table=True),
    ], [override("Value #A", displayName="up", unit="bool_yes_no"),
        override("Value #B", displayName="quarantined", unit="bool_yes_no"),
        override("Value #C", displayName="newest observation", unit="s"),
        override("Value #D", displayName="told everything until", unit="s"),
        override("source", links=[to_api("The source in the API", "sources/${__value.raw}"),
                                  to_dashboard("Its sessions", "curfew-sessions", "", source="${__value.raw}")])],
          NO_SOURCE, transformations=[
              {"id": "merge", "options": {}},
              {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}}]),
    lines("Observations by source", "Observations admitted each second.", "ops",
          promql(f"sum by (source) (rate(curfew_observations_total{{@}}{RATE}))", "{{source}}"), NO_SOURCE, stacked=True),
])
board.row("What sources could not bring", 8, [
    lines("Observations that were not admitted", "repeat: known already; too_late: older than the retry window; invalid and "
          "too_large: the source's fault.", "cpm",
          promql(f"60 * sum by (source, reason) (rate(curfew_observations_refused_total{{@}}{RATE}))",
                 "{{source}}: {{reason}}", least=4), NO_SOURCE),
    lines("Records behind the cursors", "Records read, filtered and unreadable, each second.", "ops",
          promql(f"sum by (source, outcome) (rate(curfew_source_records_total{{@}}{RATE}))", "{{source}}: {{outcome}}",
                 least=3), NO_SOURCE),
    lines("Troubles of plugins", "Each minute: calls that failed or were abandoned, calls into the host that broke the "
          "contract, waits for a full pipeline, log lines dropped.", "cpm", [
        promql(f"60 * sum by (source) (rate(curfew_source_call_errors_total{{@}}{RATE}))", "{{source}}: failed", least=0),
        promql(f"60 * sum by (source) (rate(curfew_source_calls_abandoned_total{{@}}{RATE}))", "{{source}}: abandoned",
               least=0),
        promql(f"60 * sum by (source) (rate(curfew_source_invalid_total{{@}}{RATE}))", "{{source}}: broke the contract",
               least=0),
        promql(f"60 * sum by (source) (rate(curfew_source_pushed_back_total{{@}}{RATE}))", "{{source}}: had to wait",
               least=0),
        promql(f"60 * sum by (source) (rate(curfew_source_log_dropped_total{{@}}{RATE}))", "{{source}}: log dropped",
               least=0)], "No trouble"),
])
board.row("Gates", 8, [
    stat("Gates that can't judge", "Gates that fail open or closed, as their view or rules are missing.", "short",
         promql("sum(1 - curfew_gate_up{@})"), NO_GATE, steps(BLUE, (1, RED)), width=4),
    lines("Decisions", "Requests judged each second.", "reqps",
          promql(f"sum by (gate, decision) (rate(curfew_gate_decisions_total{{@}}{RATE}))", "{{gate}}: {{decision}}"),
          NO_GATE, width=7),
    lines("Time to decide", "From a request that was read to its answer, at each gate.", "s",
          quantiles("curfew_gate_decision_seconds", ", gate"), NO_GATE, width=7),
    lines("Connections, and activity that waits", "Connections held, and records of activity that the full pipeline did not "
          "take yet.", "short", [
        promql("sum by (gate) (curfew_gate_connections{@})", "{{gate}}: connections"),
        promql("sum(curfew_gate_activity_waiting{@})", "activity that waits")], NO_GATE, width=6),
])
board.row("What gates refuse", 8, [
    lines("Refusals, by reason", "refuse: the session ended or is being ended; unknown_refused: nobody knows it; failed_closed: "
          "the gate could not know; malformed: more credentials than a browser sends.", "reqps",
          promql("sum by (gate, decision) (rate(curfew_gate_decisions_total"
                 f'{{@, decision=~"refuse|unknown_refused|failed_closed|malformed"}}{RATE}))', "{{gate}}: {{decision}}",
                 least=4), NO_GATE),
    lines("Tokens that no issuer stands for", "Requests each second with a token that nobody who may has signed, that has "
          "expired, or that is for others.", "reqps",
          promql(f'sum by (gate) (rate(curfew_gate_decisions_total{{@, decision="invalid_token"}}{RATE}))', "{{gate}}"),
          NO_GATE),
    lines("Questions to sources that failed", "Unknown sessions of which the source was asked, and gave no answer.", "cpm",
          promql(f"60 * sum by (gate) (rate(curfew_gate_questions_failed_total{{@}}{RATE}))", "{{gate}}", least=0), "None"),
])
board.row("Outlets: receivers and exports", 8, [
    lines("Entries behind", "Entries of the ledger that an outlet has not looked at yet.", "short",
          promql("max by (outlet) (curfew_outlet_lag_entries{@})", "{{outlet}}"), NO_OUTLET),
    lines("Waiting for the receiver", "What an outlet holds and its receiver has not taken yet.", "short",
          promql("max by (outlet) (curfew_outlet_waiting{@})", "{{outlet}}"), NO_OUTLET),
    lines("What became of it", "Each minute: delivered; refused by the receiver for good; not_told, as nobody could be named; "
          "not_wanted, as the receiver asked for nothing of this person; dropped, as the receiver gave its stream up; of "
          "scheduled reports also failed, in_doubt (sent and never answered), nothing (to report).", "cpm",
          promql(f"60 * sum by (outlet, outcome) (rate(curfew_outlet_delivered_total{{@}}{RATE}))", "{{outlet}}: {{outcome}}",
                 least=4), NO_OUTLET),
    lines("Attempts that failed", "Each minute; they are made again, so nothing is lost.", "cpm",
          promql(f"60 * sum by (outlet) (rate(curfew_outlet_failures_total{{@}}{RATE}))", "{{outlet}}", least=0), "None"),
])
board.row("Evaluation of the controls", 6, [
    lines("Time that it took", "The newest evaluation, pauses in it included.", "s",
          promql("max by (instance) (curfew_control_evaluation_seconds{@})", "{{instance}}"), "Nothing was evaluated yet"),
    lines("Evaluations", "Each hour. One that failed leaves the status as it was.", "short",
          promql(f"3600 * sum by (outcome) (rate(curfew_control_evaluations_total{{@}}{RATE}))", "{{outcome}}", least=2),
          "It is off"),
])
board.row("API", 7, [
    lines("Requests by status", "Requests answered each second, by listener and status.", "reqps",
          promql(f"sum by (listener, status) (rate(curfew_http_requests_total{{@}}{RATE}))", "{{listener}}: {{status}}"),
          "Nobody asked"),
    lines("Time to answer", "From a request's header to its answer; of a stream, to its beginning.", "s",
          quantiles("curfew_http_request_seconds", ", listener"), "Nobody asked"),
    lines("Routes", "Requests answered each second, by route.", "reqps",
          promql(f"sum by (route) (rate(curfew_http_requests_total{{@}}{RATE}))", "{{route}}"), "Nobody asked"),
])
board.row("Stored", 7, [
    table("Streams", "One writer, one key, one tree each: the newest signed head of each stream in the database.",
          sql("SELECT DISTINCT ON (stream) stream, realm, node, epoch, size, root, verifier_key\n"
              "FROM curfew.checkpoints ORDER BY stream, size DESC"), empty="Nothing has been signed yet"),
    table("Records read, by source", "Since the source's cursors began.",
          sql("SELECT source, read, filtered, unreadable FROM curfew.progress ORDER BY source"),
          empty="No source keeps a position"),
])
