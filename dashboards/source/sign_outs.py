from source.build import *

board = Dashboard(
    "curfew-sign-outs", "Curfew / Sign-outs and their proof",
    "What became of each order to sign somebody out: carried out, proven, contained, or not; and how long it took.",
    [PROMETHEUS_SOURCE, POSTGRES_SOURCE, JOB, INSTANCE, SOURCE, SUBJECT, CURFEW_URL], start="now-7d")
OF = "source IN (${source:sqlstring}) AND (${subject:sqlstring} = '' OR subject = ${subject:sqlstring})"
ENDED = "FROM curfew.sign_outs WHERE $__timeFilter(concluded_at) AND " + OF
AWAY = "The database does not answer"
NONE = "No sign-out in this time"
OUTCOMES = ("proven", "contained", "still_alive", "unproven", "held", "mistaken")


def came_to(outcome, title, description, thresholds=None):
    return stat(title, description, "short", sql(f"SELECT count(*) AS sign_outs {ENDED} AND outcome = '{outcome}'"), AWAY,
                thresholds)


board.row("In the chosen time", 4, [
    stat("Share that is proven", "Of those that were carried out: the source itself showed that the session is over. An "
         "accepted call and silence prove nothing.", "percentunit",
         sql("SELECT count(*) FILTER (WHERE outcome = 'proven')::float8 / nullif(count(*), 0) AS proven\n" + ENDED +
             "\nAND outcome IN ('proven', 'contained', 'still_alive', 'unproven')"), NONE, steps(ORANGE, (0.99, BLUE))),
    came_to("proven", "Proven", "The source showed the end."),
    came_to("contained", "Contained", "Without proof, but our gate refuses the session; it may live elsewhere."),
    came_to("still_alive", "Still alive", "The session was seen to go on after the last step.", steps(BLUE, (1, RED))),
    came_to("unproven", "Unproven", "Nobody can tell whether the session is over.", steps(BLUE, (1, ORANGE))),
    came_to("mistaken", "Mistaken", "The violation was withdrawn after somebody was signed out.", steps(BLUE, (1, RED))),
    stat("Held now", "Orders that wait for somebody to release or dismiss them.", "short",
         sql(f"SELECT count(*) AS held FROM curfew.sign_outs WHERE outcome = 'held' AND concluded_at IS NULL AND {OF}"),
         AWAY, steps(BLUE, (1, ORANGE))),
    stat("Under way now", "Orders that are being carried out or proved.", "short",
         sql(f"SELECT count(*) AS open FROM curfew.sign_outs WHERE outcome = 'pending' AND concluded_at IS NULL AND {OF}"),
         AWAY),
])
board.row("Time to effect", 8, [
    lines("Time to effect", "From the breach to the proof, of the sign-outs proven in each interval, by the source's own "
          "times.", "s",
          sql("SELECT $__timeGroupAlias(concluded_at, $__interval),\n"
              "percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM concluded_at - breached_at)) AS median,\n"
              "percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM concluded_at - breached_at)) AS p95\n"
              f"{ENDED} AND outcome = 'proven' AND breached_at IS NOT NULL\nGROUP BY 1 ORDER BY 1", series=True), NONE,
          colours=("median", "p95")),
    lines("Time to effect, as it happens", "The same from the daemon's histogram, of all sources.", "s", [
        promql("histogram_quantile(0.5, sum by (le) (rate(curfew_sign_out_effect_seconds_bucket{@}[$__rate_interval])))",
               "median"),
        promql("histogram_quantile(0.95, sum by (le) (rate(curfew_sign_out_effect_seconds_bucket{@}[$__rate_interval])))",
               "p95")], NONE, colours=("median", "p95")),
    bars("Waiting to effect", "Sign-outs proven in this time, by how long it took from the breach.", "short",
         sql("SELECT bucket.label AS took, count(o.number) AS sign_outs\n"
             "FROM (VALUES (1, 'under 1 s', 0, 1), (2, '1 to 10 s', 1, 10), (3, '10 s to 1 min', 10, 60),\n"
             "(4, '1 to 15 min', 60, 900), (5, '15 min to 1 h', 900, 3600), (6, 'over 1 h', 3600, 1e12))\n"
             "AS bucket(place, label, low, high)\n"
             "LEFT JOIN curfew.sign_outs o ON extract(epoch FROM o.concluded_at - o.breached_at) >= bucket.low\n"
             "AND extract(epoch FROM o.concluded_at - o.breached_at) < bucket.high\n"
             f"AND o.outcome = 'proven' AND $__timeFilter(o.concluded_at) AND {OF}\n"
             "GROUP BY bucket.place, bucket.label ORDER BY bucket.place", least=6), "took", NONE),
])
board.row("What was done", 8, [
    lines("Outcomes", "Sign-outs that came to an outcome each minute, of the whole daemon.", "cpm",
          promql("60 * sum by (outcome) (rate(curfew_sign_outs_total{@}[$__rate_interval]))", "{{outcome}}", least=6), NONE,
          stacked=True, bars=True, colours=OUTCOMES),
    lines("Steps by answer", "Ladder steps carried out each minute, by what the call came back with. Accepted says only that "
          "the call was taken.", "cpm",
          promql("60 * sum by (action, answer) (rate(curfew_sign_out_steps_total{@, source=~\"$source\"}[$__rate_interval]))",
                 "{{action}}: {{answer}}"), "No step in this time"),
    lines("Probes by what they said", "Questions to the sources whether a session lives, each minute.", "cpm",
          promql("60 * sum by (liveness) (rate(curfew_probes_total{@, source=~\"$source\"}[$__rate_interval]))",
                 "{{liveness}}"), "No probe in this time"),
    lines("Open and held", "Orders under way, and those that wait for somebody.", "short", [
        promql("sum(curfew_sign_outs_open{@})", "live"), promql("sum(curfew_sign_outs_held{@})", "held")],
          colours=("live", "held")),
])
board.row("At the gates", 7, [
    lines("Gate decisions", "Requests that the gates judged, each second. A refusal by our gate contains a session and proves "
          "nothing.", "reqps",
          promql("sum by (gate, decision) (rate(curfew_gate_decisions_total{@}[$__rate_interval]))",
                 "{{gate}}: {{decision}}"), "No gate, or nobody asked it"),
    lines("Sessions that the gates know", "Live ones that pass, and refused ones.", "short",
          promql("sum by (standing) (curfew_gate_sessions{@})", "{{standing}}", least=2), "No gate is configured"),
])
board.row("Sign-outs", 10, [
    table("That wait", "Held sign-outs and why, oldest first. Release or dismiss them with `curfew sign-outs` or the API.",
          sql("SELECT o.number AS sign_out, o.held_because, v.policy, o.source, o.subject, o.session, o.ordered_at,\n"
              "extract(epoch FROM now() - o.ordered_at) AS waits_for\n"
              "FROM curfew.sign_outs o LEFT JOIN curfew.violations v ON v.number = o.violation\n"
              "WHERE o.outcome = 'held' AND o.concluded_at IS NULL AND o.source IN (${source:sqlstring})\n"
              "ORDER BY o.number LIMIT 100"),
          [sign_out_column, subject_column, session_column, *seconds("waits_for")], "Nothing waits", width=10),
    table("Concluded last", "Newest first, with the step of the ladder that they came to.",
          sql("SELECT o.number AS sign_out, o.outcome, v.policy, o.source, o.subject, o.session, o.step, o.steps,\n"
              "o.ordered_at, o.concluded_at, extract(epoch FROM o.concluded_at - o.breached_at) AS time_to_effect\n"
              "FROM curfew.sign_outs o LEFT JOIN curfew.violations v ON v.number = o.violation\n"
              "WHERE $__timeFilter(o.concluded_at) AND o.source IN (${source:sqlstring})\n"
              "AND (${subject:sqlstring} = '' OR o.subject = ${subject:sqlstring})\n"
              "ORDER BY o.concluded_at DESC LIMIT 200"),
          [sign_out_column, subject_column, session_column, *seconds("time_to_effect")], NONE, width=14),
])
