from source.build import *

board = Dashboard(
    "curfew-overview", "Curfew / Overview",
    "Is Curfew watching, are limits kept, and does somebody have to look? Each panel leads to the dashboard that says more.",
    [PROMETHEUS_SOURCE, POSTGRES_SOURCE, JOB, INSTANCE, CURFEW_URL])


def to(uid, title):
    return [to_dashboard(title, uid)]


board.row("Now", 4, [
    stat("Curfew answers", "1 for a daemon that Prometheus reaches; the lowest of the chosen ones.", "none",
         promql("min(up{@})"), "Prometheus knows no such daemon", steps(RED, (1, BLUE)),
         [(0, "away", RED), (1, "up", BLUE)], to("curfew-operations", "Ledger and operations")),
    stat("Database answers", "Whether PostgreSQL answers the writer. While it does not, nothing is acknowledged and no "
         "step of a sign-out is carried out.", "none", promql("min(curfew_store_up{@})"), "Curfew is not reached",
         steps(RED, (1, BLUE)), [(0, "away", RED), (1, "up", BLUE)], to("curfew-operations", "Ledger and operations")),
    stat("Sources that are down", "Sources that do not run, or are quarantined. What they would have shown is not seen.",
         "short", promql("sum(1 - curfew_source_up{@})"), "No source is configured", steps(BLUE, (1, RED)),
         links=to("curfew-operations", "Sources")),
    stat("Live sessions", "Sessions that live now: in use, locked or paused.", "short",
         promql("sum(curfew_sessions_active{@} + curfew_sessions_locked{@} + curfew_sessions_paused{@})"),
         "Curfew is not reached", links=to("curfew-sessions", "Sessions")),
    stat("Sign-outs under way", "Orders that are being carried out or proved.", "short",
         promql("sum(curfew_sign_outs_open{@})"), "Curfew is not reached",
         links=to("curfew-sign-outs", "Sign-outs and their proof")),
    stat("Held sign-outs", "Orders that wait for somebody: a protected account, a cap, an approval. Time alone releases "
         "nothing.", "short", promql("sum(curfew_sign_outs_held{@})"), "Curfew is not reached",
         steps(BLUE, (1, ORANGE)), links=to("curfew-sign-outs", "Sign-outs and their proof")),
])
board.row("In the chosen time", 4, [
    stat("Violations", "Violations that were found in this time and stand.", "short",
         sql("SELECT count(*) AS violations FROM curfew.violations\n"
             "WHERE $__timeFilter(detected_at) AND withdrawn_at IS NULL"), "The database does not answer",
         links=to("curfew-violations", "Policies and violations")),
    stat("Sign-outs that ended without proof", "Sign-outs that came to still_alive or unproven in this time: the session may "
         "go on.", "short",
         sql("SELECT count(*) AS sign_outs FROM curfew.sign_outs\n"
             "WHERE $__timeFilter(concluded_at) AND outcome IN ('still_alive', 'unproven')"),
         "The database does not answer", steps(BLUE, (1, RED)), links=to("curfew-sign-outs", "Sign-outs and their proof")),
    stat("Sign-outs that are proven", "Share of the sign-outs concluded in this time whose end the source itself showed. "
         "Held and mistaken ones are not counted.", "percentunit",
         sql("SELECT count(*) FILTER (WHERE outcome = 'proven')::float8 / nullif(count(*), 0) AS proven\n"
             "FROM curfew.sign_outs WHERE $__timeFilter(concluded_at)\n"
             "AND outcome IN ('proven', 'contained', 'still_alive', 'unproven')"), "No sign-out in this time",
         steps(ORANGE, (0.99, BLUE)), links=to("curfew-sign-outs", "Sign-outs and their proof")),
    stat("Time to effect, median", "From the breach of a limit to the proof that the session is over.", "s",
         sql("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM concluded_at - breached_at)) AS median\n"
             "FROM curfew.sign_outs WHERE $__timeFilter(concluded_at) AND outcome = 'proven' AND breached_at IS NOT NULL"),
         "No proven sign-out in this time", links=to("curfew-sign-outs", "Sign-outs and their proof")),
    stat("Mistaken sign-outs", "Sign-outs whose violation was withdrawn afterwards: somebody was signed out for nothing.",
         "short", sql("SELECT count(*) AS mistaken FROM curfew.sign_outs\n"
                      "WHERE $__timeFilter(concluded_at) AND outcome = 'mistaken'"),
         "The database does not answer", steps(BLUE, (1, RED)), links=to("curfew-sign-outs", "Sign-outs and their proof")),
])
board.row("Over time", 8, [
    lines("Live sessions by state", "Sessions in use, locked, and paused or disconnected.", "short", [
        promql("sum(curfew_sessions_active{@})", "active"), promql("sum(curfew_sessions_locked{@})", "locked"),
        promql("sum(curfew_sessions_paused{@})", "paused")], stacked=True, colours=("active", "locked", "paused")),
    lines("Violations by rule", "Violations found each minute, by the rule that was broken.", "cpm",
          promql("60 * sum by (rule) (rate(curfew_violations_total{@}[$__rate_interval]))", "{{rule}}", least=5),
          stacked=True, bars=True),
    lines("Sign-outs by outcome", "Sign-outs that came to an outcome each minute; a late proof is another one.", "cpm",
          promql("60 * sum by (outcome) (rate(curfew_sign_outs_total{@}[$__rate_interval]))", "{{outcome}}", least=6),
          stacked=True, bars=True,
          colours=("proven", "contained", "still_alive", "unproven", "held", "mistaken")),
])
board.row("Somebody should look", 8, [
    table("Sign-outs that wait or failed", "Held ones, and those that ended without proof in this time, newest first. The "
          "number leads to the API.",
          sql("SELECT number AS sign_out, outcome, held_because, source, subject, step, steps, ordered_at, concluded_at\n"
              "FROM curfew.sign_outs\n"
              "WHERE (outcome = 'held' AND concluded_at IS NULL)\n"
              "OR ($__timeFilter(concluded_at) AND outcome IN ('still_alive', 'unproven', 'mistaken'))\n"
              "ORDER BY number DESC LIMIT 50"), [sign_out_column, subject_column], "Nothing waits and nothing failed",
          width=14),
    table("Alerts in the ledger", "What Curfew itself says somebody must look at, from the newest 20,000 entries of each "
          "stream.",
          sql("SELECT e.engine_time AS at, e.facts->>'about' AS about, e.source, e.facts->>'text' AS what, e.sequence\n"
              "FROM (SELECT stream, max(size) AS size FROM curfew.checkpoints GROUP BY stream) AS head\n"
              "JOIN LATERAL (SELECT * FROM curfew.entries WHERE stream = head.stream\n"
              "AND sequence >= head.size - 20000) AS e ON true\n"
              "WHERE e.kind = 'alert' AND $__timeFilter(e.engine_time)\n"
              "ORDER BY e.engine_time DESC LIMIT 50"), empty="No alert in this time", width=10),
])
