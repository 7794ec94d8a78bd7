"""Macros and variables are expanded as Grafana does it, and an unknown one fails."""
import datetime
import sys
import unittest

sys.dont_write_bytecode = True
from expand import All, Unknown, Window, expand  # noqa: E402

START = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.timezone.utc)
WINDOW = Window(START, START + datetime.timedelta(hours=1), 15, 30)


def promql(text, **variables):
    return expand(text, variables, WINDOW, "promql")


def sql(text, **variables):
    return expand(text, variables, WINDOW, "sql")


class Expansion(unittest.TestCase):
    def test_intervals(self):
        self.assertEqual(promql("rate(a[$__rate_interval]) + increase(b[$__range]) + rate(c[${__interval}])"),
                         "rate(a[120s]) + increase(b[3600s]) + rate(c[15s])")

    def test_all_is_its_own_value_in_promql(self):
        self.assertEqual(promql('up{job=~"$job"}', job=All(".+")), 'up{job=~".+"}')

    def test_several_values_are_alternatives_and_escaped(self):
        self.assertEqual(promql('up{job=~"$job"}', job=["a", "b.c"]), r'up{job=~"(a|b\\.c)"}')

    def test_time_macros(self):
        self.assertEqual(sql("WHERE $__timeFilter(v.at) AND x > $__timeFrom() AND x < $__timeTo()"),
                         "WHERE v.at BETWEEN '2026-11-20T08:00:00Z' AND '2026-11-20T09:00:00Z' "
                         "AND x > '2026-11-20T08:00:00Z' AND x < '2026-11-20T09:00:00Z'")
        self.assertEqual(sql("SELECT $__timeGroupAlias(a, $__interval, 0), $__timeGroup(a, '5m')"),
                         'SELECT floor(extract(epoch from a)/15)*15 AS "time", '
                         "floor(extract(epoch from a)/300)*300")

    def test_a_quote_in_a_value_does_not_end_the_text(self):
        self.assertEqual(sql("x IN (${source:sqlstring})", source=["a", "o'b"]), "x IN ('a','o''b')")

    def test_a_value_without_quotes_is_refused_in_sql(self):
        with self.assertRaises(Unknown):
            sql("x = '$source'", source=["a"])

    def test_links_carry_time_and_variables(self):
        self.assertEqual(expand("/d/x?${__url_time_range}&${job:queryparam}&${source:queryparam}&var-n=${__value.raw}",
                                {"job": All(".+"), "source": ["a b", "c"]}, WINDOW, "link"),
                         "/d/x?from=now-1h&to=now&var-job=%24__all&var-source=a%20b&var-source=c&var-n=7")

    def test_links_carry_moments(self):
        self.assertEqual(expand("a?from=${__from:date:iso}&to=${__to:date:iso}", {}, WINDOW, "link"),
                         "a?from=2026-11-20T08:00:00.000Z&to=2026-11-20T09:00:00.000Z")

    def test_what_is_not_known_fails(self):
        for language, text in (("promql", "up{a=~\"$nobody\"}"), ("promql", "${nobody}"), ("promql", "[[nobody]]"),
                               ("promql", "$__timeFilter(a)"), ("sql", "$__unixEpochFilter(a)"),
                               ("sql", "$__timeGroup(a, 'x')"), ("sql", "$__timeFilter(a, b)"),
                               ("sql", "$__timeFilter(a"), ("sql", "$__timeFilter(greatest(a, b))"), ("sql", "${known:csv}"), ("sql", "$__nothing"),
                               ("link", "${__data.fields.x}"), ("link", "$__interval"), ("link", "${__from}"),
                               ("link", "${__to:date:seconds}"), ("sql", "${__from:date:iso}")):
            with self.subTest(text=text), self.assertRaises(Unknown):
                expand(text, {"known": ["a"]}, WINDOW, language)


if __name__ == "__main__":
    unittest.main()
