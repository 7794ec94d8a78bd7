from source.build import *

board = Dashboard(
    "curfew-sessions", "Curfew / Sessions",
    "Who is on, for how long, and how sessions end. People are references here; the API resolves them and records who asked.",
    [PROMETHEUS_SOURCE, POSTGRES_SOURCE, JOB, INSTANCE, SOURCE, SUBJECT, CURFEW_URL])
OF = "source IN (${source:sqlstring}) AND (${subject:sqlstring} = '' OR subject = ${subject:sqlstring})"
LIVE = "FROM curfew.sessions WHERE ended_at IS NULL AND " + OF
AWAY = "The database does not answer"


def live_by(column, title, description):
    return bars(title, description, "short",
                sql(f"SELECT coalesce(nullif({column}::text, ''), 'not known') AS {column}, count(*) AS sessions\n{LIVE}\n"
                    "GROUP BY 1 ORDER BY 2 DESC LIMIT 15"), column, "No session lives")


board.row("Now", 4, [
    stat("Live sessions", "Sessions without an end, of the chosen sources and person.", "short",
         sql("SELECT count(*) AS live " + LIVE), AWAY),
    stat("People and services on", "Distinct subjects with a live session.", "short",
         sql("SELECT count(DISTINCT subject) AS subjects " + LIVE), AWAY),
    stat("Privileged sessions", "Live sessions with administrative rights.", "short",
         sql(f"SELECT count(*) AS privileged {LIVE} AND privileged"), AWAY),
    stat("Longest live session", "Age of the live session that began first.", "s",
         sql("SELECT extract(epoch FROM now() - min(started_at)) AS age " + LIVE), "No session lives"),
    stat("Most sessions of one person", "The largest number of live sessions that one subject has.", "short",
         sql(f"SELECT count(*) AS sessions {LIVE}\nGROUP BY subject ORDER BY 1 DESC LIMIT 1"), "No session lives"),
    stat("Locked or paused", "Live sessions that nobody can use at the moment without unlocking or coming back.", "short",
         sql(f"SELECT count(*) AS sessions {LIVE} AND state IN ('locked', 'paused')"), AWAY),
])
board.row("Over time", 8, [
    lines("Live sessions by state", "Of the whole daemon, whatever source or person is chosen.", "short", [
        promql("sum(curfew_sessions_active{@})", "active"), promql("sum(curfew_sessions_locked{@})", "locked"),
        promql("sum(curfew_sessions_paused{@})", "paused")], stacked=True, colours=("active", "locked", "paused")),
    lines("Sessions that began and ended", "By the time at which they began or ended, late records included.", "short", [
        sql(f"SELECT $__timeGroupAlias(started_at, $__interval, 0), count(*) AS started\nFROM curfew.sessions\n"
            f"WHERE $__timeFilter(started_at) AND {OF}\nGROUP BY 1 ORDER BY 1", series=True),
        sql(f"SELECT $__timeGroupAlias(ended_at, $__interval, 0), count(*) AS ended\nFROM curfew.sessions\n"
            f"WHERE $__timeFilter(ended_at) AND {OF}\nGROUP BY 1 ORDER BY 1", series=True)],
          "No session began or ended in this time", bars=True, colours=("started", "ended")),
    lines("Observations by type", "What sources told each second: sign-ins, activity, sign-outs.", "ops",
          promql("sum by (type) (rate(curfew_observations_total{@, source=~\"$source\"}[$__rate_interval]))", "{{type}}",
                 least=3)),
])
board.row("Who is on", 8, [
    live_by("source", "Live, by source", "Live sessions at each source."),
    live_by("application", "Live, by application", "Live sessions in each application."),
    live_by("auth_method", "Live, by way of signing in", "How the live sessions were signed in."),
    live_by("network", "Live, by network", "From where: local, private or public addresses."),
    live_by("account_type", "Live, by kind of account", "People, services, computers, shared accounts."),
])
board.row("How sessions end", 8, [
    bars("Ends, by reason", "Sessions that ended in this time. Ends of unknown reason prove nothing to anybody.", "short",
         sql(f"SELECT end_reason, count(*) AS sessions FROM curfew.sessions\nWHERE $__timeFilter(ended_at) AND {OF}\n"
             "GROUP BY 1 ORDER BY 2 DESC"), "end_reason", "No session ended in this time"),
    bars("How long sessions lasted", "Sessions that ended in this time, by their length.", "short",
         sql("SELECT bucket.label AS lasted, count(s.number) AS sessions\n"
             "FROM (VALUES (1, 'under 5 min', 0, 300), (2, '5 to 30 min', 300, 1800), (3, '30 min to 2 h', 1800, 7200),\n"
             "(4, '2 to 8 h', 7200, 28800), (5, '8 to 12 h', 28800, 43200), (6, '12 to 24 h', 43200, 86400),\n"
             "(7, 'over 24 h', 86400, 1e12)) AS bucket(place, label, low, high)\n"
             "LEFT JOIN curfew.sessions s ON extract(epoch FROM s.ended_at - s.started_at) >= bucket.low\n"
             "AND extract(epoch FROM s.ended_at - s.started_at) < bucket.high\n"
             f"AND $__timeFilter(s.ended_at) AND {OF}\n"
             "GROUP BY bucket.place, bucket.label ORDER BY bucket.place", least=7), "lasted",
         "No session ended in this time"),
    table("Ends, by source and certainty", "Stated: the source said so. Inferred: it was concluded, and later activity may "
          "take it back; corrections counts how often that happened.",
          sql("SELECT source, end_reason, end_certainty, count(*) AS sessions, sum(corrections)::bigint AS corrections,\n"
              "percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at)) AS median_length\n"
              f"FROM curfew.sessions WHERE $__timeFilter(ended_at) AND {OF}\n"
              "GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 100"), seconds("median_length"), "No session ended in this time"),
])
board.row("Sessions", 10, [
    table("Live the longest", "Live sessions, oldest first. The number leads to the API; the reference to this person's "
          "sessions and violations.",
          sql("SELECT number AS session, source, application, subject, state, privileged, started_at,\n"
              "extract(epoch FROM now() - started_at) AS age,\n"
              f"extract(epoch FROM now() - last_person_activity_at) AS idle_for {LIVE}\n"
              "ORDER BY started_at LIMIT 100"),
          [session_column, subject_column, *seconds("age", "idle_for")], "No session lives"),
    table("Ended last", "Sessions that ended in this time, newest end first.",
          sql("SELECT number AS session, source, application, subject, started_at, ended_at, end_reason, end_certainty,\n"
              "extract(epoch FROM ended_at - started_at) AS lasted\n"
              f"FROM curfew.sessions WHERE $__timeFilter(ended_at) AND {OF}\nORDER BY ended_at DESC LIMIT 100"),
          [session_column, subject_column, *seconds("lasted")], "No session ended in this time"),
])
ON = ("FROM curfew.sessions WHERE started_at <= $__timeTo() AND (ended_at IS NULL OR ended_at > $__timeTo()) AND\n" + OF)
board.row("Who was on at the end of the chosen time", 10, [
    stat("Sessions then", "Sessions that lived at the end of the chosen time: set it to the moment in question.", "short",
         sql("SELECT count(*) AS sessions " + ON), AWAY, width=4),
    table("Who was on then", "Where the end was inferred, the person may have left before. The report says it too, with names "
          "for who may see them.",
          sql("SELECT number AS session, source, application, subject, started_at, ended_at, end_reason, end_certainty\n"
              f"{ON}\nORDER BY started_at LIMIT 200"),
          [session_column, subject_column,
           override("started_at", links=[to_api("Who was on, by the report", "reports/compliance?format=html&"
                                                "at=${__to:date:iso}")])], "Nobody was on", width=20),
])
board.row("People", 8, [
    table("Most live sessions", "Subjects, by reference, with the most live sessions.",
          sql("SELECT subject, count(*) AS sessions, count(DISTINCT source) AS sources,\n"
              f"count(DISTINCT device) AS devices, min(started_at) AS since {LIVE}\n"
              "GROUP BY subject ORDER BY 2 DESC LIMIT 50"), [subject_column], "No session lives"),
])
