from source.build import *

board = Dashboard(
    "curfew-violations", "Curfew / Policies and violations",
    "Which limits are broken, by which policy, how soon that is known, and what came of it.",
    [PROMETHEUS_SOURCE, POSTGRES_SOURCE, JOB, INSTANCE, SOURCE, POLICY, SUBJECT, CURFEW_URL], start="now-7d")
OF = ("source IN (${source:sqlstring}) AND policy IN (${policy:sqlstring}) "
      "AND (${subject:sqlstring} = '' OR subject = ${subject:sqlstring})")
FOUND = "FROM curfew.violations WHERE $__timeFilter(detected_at) AND " + OF
AWAY = "The database does not answer"
NONE = "No violation in this time"

board.row("In the chosen time", 4, [
    stat("Violations that stand", "Found in this time and not withdrawn.", "short",
         sql(f"SELECT count(*) AS violations {FOUND} AND withdrawn_at IS NULL"), AWAY),
    stat("Of enforcing policies", "Violations that ordered a sign-out, or would have.", "short",
         sql(f"SELECT count(*) AS violations {FOUND} AND withdrawn_at IS NULL AND mode = 'enforce'"), AWAY),
    stat("Withdrawn", "Violations that late evidence took back.", "short",
         sql(f"SELECT count(*) AS violations {FOUND} AND withdrawn_at IS NOT NULL"), AWAY),
    stat("People concerned", "Distinct subjects with a violation that stands.", "short",
         sql(f"SELECT count(DISTINCT subject) AS subjects {FOUND} AND withdrawn_at IS NULL"), AWAY),
    stat("Known after, median", "From the breach to its detection. Absence is known only when every source has told "
         "everything up to then.", "s",
         sql("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM detected_at - breached_at)) AS median\n"
             + FOUND), NONE),
    stat("Warnings given", "Warnings before a limit, in this time, of the whole daemon.", "short",
         promql('sum(increase(curfew_ledger_entries_total{@, kind="warned"}[$__range]))'), "Curfew is not reached"),
])
board.row("Over time", 8, [
    lines("Violations by policy", "By the time at which they were found.", "short",
          sql(f"SELECT $__timeGroupAlias(detected_at, $__interval, 0), policy AS metric, count(*) AS violations\n{FOUND}\n"
              "GROUP BY 1, 2 ORDER BY 1", least=3, series=True), NONE, stacked=True, bars=True),
    lines("Violations by rule and mode", "Found each minute by the whole daemon, as it happens.", "cpm",
          promql("60 * sum by (rule, mode) (rate(curfew_violations_total{@}[$__rate_interval]))", "{{rule}}, {{mode}}",
                 least=10), stacked=True),
    lines("Withdrawn by rule", "Violations that late evidence took back each minute, by the whole daemon.", "cpm",
          promql("60 * sum by (rule) (rate(curfew_violations_withdrawn_total{@}[$__rate_interval]))", "{{rule}}", least=5)),
])
board.row("Policies", 9, [
    table("Policies", "Each policy with what it found in this time and what came of it.",
          sql("SELECT v.policy, v.rule, v.mode, count(*) AS violations,\n"
              "count(*) FILTER (WHERE v.withdrawn_at IS NOT NULL) AS withdrawn,\n"
              "count(DISTINCT v.subject) AS people, count(o.number) AS sign_outs,\n"
              "count(*) FILTER (WHERE o.outcome = 'proven') AS proven,\n"
              "count(*) FILTER (WHERE o.outcome IN ('still_alive', 'unproven')) AS without_proof,\n"
              "count(*) FILTER (WHERE o.outcome = 'held') AS held,\n"
              "percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM v.detected_at - v.breached_at)) AS known_after\n"
              "FROM (SELECT * " + FOUND + ") AS v LEFT JOIN curfew.sign_outs o ON o.violation = v.number\n"
              "GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 100", least=3),
          [override("policy", links=[
              {"title": "Only this policy", "targetBlank": False,
               "url": "/d/curfew-violations?${__url_time_range}&${job:queryparam}&${instance:queryparam}"
                      "&${source:queryparam}&var-policy=${__value.raw}"},
              to_api("Its violations in the API", "violations?policy=${__value.raw}")]),
           *seconds("known_after")], NONE, width=16),
    bars("Violations by source", "Where the sessions were that broke a limit.", "short",
         sql(f"SELECT source, count(*) AS violations {FOUND} AND withdrawn_at IS NULL\nGROUP BY 1 ORDER BY 2 DESC LIMIT 20"),
         "source", NONE, width=8),
])
board.row("Violations", 10, [
    table("Found last", "Newest first. The number leads to the violation with its evidence in the API.",
          sql("SELECT number AS violation, detected_at, breached_at, policy, rule, mode, source, subject, session, sign_out,\n"
              "withdrawn_at, CASE WHEN rule IN ('session_timeout', 'inactivity_timeout', 'reauthentication_interval',\n"
              "'session_binding')\n"
              "THEN ((evidence->>'measured')::float8 / 1e6 * interval '1 second')::text\n"
              "ELSE evidence->>'measured' END AS measured\n"
              f"{FOUND}\nORDER BY number DESC LIMIT 200", least=3),
          [violation_column, subject_column, session_column, sign_out_column], NONE, width=16),
    table("People with the most violations", "By reference; who that is, the API says, and records who asked.",
          sql(f"SELECT subject, count(*) AS violations, count(DISTINCT policy) AS policies, max(detected_at) AS last_one\n"
              f"{FOUND} AND withdrawn_at IS NULL\nGROUP BY subject ORDER BY 2 DESC LIMIT 50"), [subject_column], NONE,
          width=8),
])
