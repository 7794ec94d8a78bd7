from source.build import *

board = Dashboard(
    "curfew-compliance", "Curfew / Compliance posture",
    "What sessions show of each control, as Curfew's own evaluation says it of the time up to now, and what the numbers behind "
    "it are. Satisfied is what sessions show, never a whole control: that is for a report and an auditor to say.",
    [PROMETHEUS_SOURCE, POSTGRES_SOURCE, JOB, INSTANCE, SOURCE, CURFEW_URL], start="now-30d", refresh="15m")
OF = "source IN (${source:sqlstring})"
AWAY = "The database does not answer"
NONE = "No violation in this time"
NO_END = "No session ended in this time"
ENDS = "FROM curfew.sessions WHERE $__timeFilter(ended_at) AND " + OF

NOT_YET = "Nothing was evaluated yet"
REPORT = to_api("The report of this framework", "reports/compliance?framework=${__value.raw}&format=html&"
                "from=${__from:date:iso}&to=${__to:date:iso}")


def controls(status):
    return f'sum(curfew_control_status{{@, status="{status}"}})'


board.row("Posture", 4, [
    stat("Controls not satisfied", "At least one exception was found in the evaluated time.", "short",
         promql(controls("not_satisfied")), NOT_YET, steps(BLUE, (1, RED))),
    stat("Controls satisfied", "All that the test is about was seen for the whole evaluated time, and kept it.", "short",
         promql(controls("satisfied")), NOT_YET),
    stat("Controls without enough data", "No exception was found, and the records can't exclude one.", "short",
         promql(controls("no_data")), NOT_YET),
    stat("Controls that sessions can't show", "Not testable: by records of sessions, or as no policy says what the limit is.",
         "short", promql(controls("not_testable")), NOT_YET),
    stat("Age of the evaluation", "How old the status is. While the database is away, or after a restart, it is the last one "
         "that was reached.", "s", promql("max(time() - curfew_control_evaluated_timestamp_seconds{@})"), NOT_YET,
         steps(BLUE, (3600, ORANGE), (21600, RED))),
])
board.row("By framework", 10, [
    table("Frameworks", "How many controls of each framework have which status. The name leads to its report for the chosen "
          "time, with the sentences and the exceptions.", [
              promql(f'sum by (framework) (curfew_control_status{{@, status="{status}"}})', as_table=True, least=11)
              for status in ("satisfied", "not_satisfied", "not_testable", "no_data")],
          [override("Value #A", displayName="satisfied"),
           override("Value #B", displayName="not satisfied", color={"mode": "thresholds"}, thresholds=steps(BLUE, (1, RED)),
                    **{"custom.cellOptions": {"type": "color-text"}}),
           override("Value #C", displayName="not testable"), override("Value #D", displayName="no data"),
           override("framework", links=[REPORT])],
          NOT_YET, "short", width=12, transformations=[
              {"id": "merge", "options": {}},
              {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}}]),
    table("Status of each control", "As it was evaluated last; filter by framework or status. The framework leads to its "
          "report.", promql("max by (framework, control, status) (curfew_control_status{@}) == 1", as_table=True, least=100),
          [override("framework", links=[REPORT]), override("Value", **{"custom.hidden": True})], NOT_YET, width=12,
          transformations=[{"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {
              "status": 0, "framework": 1, "control": 2}, "renameByName": {}}}]),
])
board.row("Changes", 8, [
    lines("Controls by status, over time", "How many controls had which status.", "short",
          promql("sum by (status) (curfew_control_status{@})", "{{status}}", least=4), NOT_YET, stacked=True,
          colours=("satisfied", "not_satisfied", "not_testable", "no_data")),
    table("Was satisfied, is not", "Controls that are not satisfied now and were within the last day.",
          promql('max by (framework, control) (curfew_control_status{@, status="not_satisfied"}) == 1 and '
                 'max by (framework, control) (max_over_time(curfew_control_status{@, status="satisfied"}[1d])) == 1',
                 as_table=True, least=0), [override("framework", links=[REPORT]), override("Value", **{"custom.hidden": True})],
          "None", transformations=[{"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {},
                                                                  "renameByName": {}}}]),
])
board.row("Controls that policies name", 9, [
    table("Controls", "The controls that the policies name, with the violations found in this time. Answered: the session was "
          "signed out and the source proved it. Observing policies order nothing.",
          sql("SELECT control, count(*) FILTER (WHERE v.withdrawn_at IS NULL) AS violations,\n"
              "count(*) FILTER (WHERE v.withdrawn_at IS NOT NULL) AS withdrawn,\n"
              "count(DISTINCT v.policy) AS policies, count(DISTINCT v.subject) AS people,\n"
              "count(*) FILTER (WHERE v.withdrawn_at IS NULL AND v.mode = 'enforce') AS to_answer,\n"
              "count(*) FILTER (WHERE v.withdrawn_at IS NULL AND v.mode = 'enforce' AND o.outcome = 'proven') AS answered,\n"
              "max(v.detected_at) AS last_one\n"
              "FROM curfew.violations v CROSS JOIN unnest(v.controls) AS control\n"
              "LEFT JOIN curfew.sign_outs o ON o.violation = v.number\n"
              "WHERE $__timeFilter(v.detected_at) AND v.source IN (${source:sqlstring})\n"
              "GROUP BY control ORDER BY control LIMIT 200", least=2), empty=NONE, width=16),
    bars("Violations by control", "Violations found in this time that stand.", "short",
         sql("SELECT control, count(*) AS violations FROM curfew.violations CROSS JOIN unnest(controls) AS control\n"
             f"WHERE $__timeFilter(detected_at) AND withdrawn_at IS NULL AND {OF}\n"
             "GROUP BY control ORDER BY 2 DESC LIMIT 20", least=2), "control", NONE, width=8),
])
board.row("Proof", 4, [
    stat("Breaches answered with proof", "Share of the violations of enforcing policies in this time that stand and whose "
         "sign-out is proven.", "percentunit",
         sql("SELECT count(*) FILTER (WHERE o.outcome = 'proven')::float8 / nullif(count(*), 0) AS answered\n"
             "FROM curfew.violations v LEFT JOIN curfew.sign_outs o ON o.violation = v.number\n"
             "WHERE $__timeFilter(v.detected_at) AND v.withdrawn_at IS NULL AND v.mode = 'enforce'\n"
             "AND v.source IN (${source:sqlstring})"), "No enforcing policy was broken", steps(ORANGE, (0.99, BLUE))),
    stat("Time to effect, 95th percentile", "From the breach to the proof, of the sign-outs proven in this time.", "s",
         sql("SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM concluded_at - breached_at)) AS p95\n"
             "FROM curfew.sign_outs WHERE $__timeFilter(concluded_at) AND outcome = 'proven' AND breached_at IS NOT NULL\n"
             f"AND {OF}"), "No proven sign-out in this time"),
    stat("Ends that the source stated", "Share of the sessions ended in this time whose end was stated, not inferred.",
         "percentunit",
         sql("SELECT count(*) FILTER (WHERE end_certainty = 'stated')::float8 / nullif(count(*), 0) AS stated\n" + ENDS),
         NO_END),
    stat("Ends of unknown reason", "Sessions ended in this time of which nobody knows why. They never count as proof.",
         "short", sql(f"SELECT count(*) AS unknown {ENDS} AND end_reason IN ('unknown', 'vanished')"), AWAY,
         steps(BLUE, (1, ORANGE))),
    stat("Longest session", "The longest life among the sessions that live, or ended in this time.", "s",
         sql("SELECT extract(epoch FROM max(coalesce(ended_at, now()) - started_at)) AS longest FROM curfew.sessions\n"
             f"WHERE (ended_at IS NULL OR $__timeFilter(ended_at)) AND {OF}"), "No session"),
])
board.row("Sign-out habits", 8, [
    table("How sessions end, by application", "Shares of the sessions that ended in this time: signed out by the person, by a "
          "time limit, forced by Curfew, or never seen to end. Training people is one of the measures.",
          sql("SELECT coalesce(nullif(application, ''), 'not known') AS application, count(*) AS ended,\n"
              "avg((end_reason = 'signed_out')::int)::float8 AS signed_out,\n"
              "avg((end_reason IN ('idle_timeout', 'absolute_timeout', 'closing_time', 'expired'))::int)::float8 AS timed_out,\n"
              "avg((end_reason = 'forced')::int)::float8 AS forced,\n"
              "avg((end_reason IN ('unknown', 'vanished'))::int)::float8 AS not_seen\n"
              f"{ENDS}\nGROUP BY 1 ORDER BY 2 DESC LIMIT 50"),
          share("signed_out", "timed_out", "forced", "not_seen"), NO_END),
    lines("How sessions end, over time", "Sessions that ended, by reason.", "short",
          sql(f"SELECT $__timeGroupAlias(ended_at, $__interval, 0), end_reason AS metric, count(*) AS sessions\n{ENDS}\n"
              "GROUP BY 1, 2 ORDER BY 1", series=True), NO_END, stacked=True, bars=True),
])
board.row("Who is on, and with what", 8, [
    bars("Live sessions by kind of account", "People, services, computers and shared accounts.", "short",
         sql("SELECT account_type, count(*) AS sessions FROM curfew.sessions\n"
             f"WHERE ended_at IS NULL AND {OF}\nGROUP BY 1 ORDER BY 2 DESC"), "account_type", "No session lives"),
    bars("Sessions by number of factors", "Sessions that began in this time, by the factors of their sign-in; 0 is not known.",
         "short",
         sql("SELECT factors::text || CASE factors WHEN 1 THEN ' factor' ELSE ' factors' END AS factors,\n"
             f"count(*) AS sessions FROM curfew.sessions WHERE $__timeFilter(started_at) AND {OF}\n"
             "GROUP BY sessions.factors ORDER BY 1"), "factors", "No session began in this time"),
    table("Privileged sessions", "Live sessions with administrative rights, oldest first.",
          sql("SELECT number AS session, source, application, auth_method, factors, started_at,\n"
              "extract(epoch FROM now() - started_at) AS age\n"
              f"FROM curfew.sessions WHERE ended_at IS NULL AND privileged AND {OF}\nORDER BY started_at LIMIT 50"),
          [session_column, *seconds("age")], "No privileged session lives"),
])
board.row("What this rests on", 7, [
    table("Coverage", "What was read of each source: records that could not be read, or were filtered, show nothing.",
          sql("SELECT source, read, filtered, unreadable FROM curfew.progress ORDER BY source"),
          empty="No source keeps a position"),
    table("Checkpoints", "The newest signed head of each stream. Compare it with the one that was kept outside.",
          sql("SELECT DISTINCT ON (stream) stream, realm, node, epoch, size, root\n"
              "FROM curfew.checkpoints ORDER BY stream, size DESC"), empty="Nothing has been signed yet"),
])
