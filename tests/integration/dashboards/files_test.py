"""What can be said of the dashboards' and rules' files without a server: dashboards/generate wrote them, each dashboard has
what Grafana's schema asks for and what we ask of each panel, the metrics exist, and each alert has its page.
"""
import json
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from servers import SOURCE  # noqa: E402

PLACE = SOURCE / "dashboards"
sys.path.insert(0, str(PLACE))
from source import alerts  # noqa: E402

BOARDS = {path.name: json.loads(path.read_text()) for path in sorted((PLACE / "grafana").glob("*.json"))}
KINDS = {"row", "stat", "timeseries", "barchart", "table"}
VARIABLES = {"datasource", "query", "textbox"}
METRIC = re.compile(r"\bcurfew_[a-z0-9_]+")


def panels_of(model):
    for panel in model["panels"]:
        yield panel
        yield from panel.get("panels", [])


def defined_metrics():
    text = (SOURCE / "core/metrics/definitions.hpp").read_text()
    made = {}
    for name, kind, rest in re.findall(r'Metric \w+\{\s*"(curfew_\w+)",\s*Kind::(\w+),(.*?)\};', text, re.S):
        labels = re.search(r"\{([^{}]*)\}\s*$", rest)
        names = set(re.findall(r'"(\w+)"', labels.group(1))) if labels else set()
        if kind == "Histogram":
            made.update({name + "_bucket": names | {"le"}, name + "_sum": names, name + "_count": names})
        else:
            made[name] = names
    return made


def expressions():
    for name, model in BOARDS.items():
        for panel in panels_of(model):
            for target in panel.get("targets", []):
                if "expr" in target:
                    yield f"{name}: {panel['title']}", target["expr"]
        for variable in model["templating"]["list"]:
            if variable.get("datasource", {}).get("type") == "prometheus":
                yield f"{name}: ${variable['name']}", variable["query"]
    for name, expression in alerts.RECORDING:
        yield name, expression
    for alert in alerts.ALERTS:
        yield alert.name, alerts.expanded(alert.expression)


class Files(unittest.TestCase):
    def test_the_files_are_what_the_script_writes(self):
        done = subprocess.run([sys.executable, PLACE / "generate", "--check"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_each_dashboard_has_what_the_schema_asks_for(self):
        self.assertEqual(len(BOARDS), 6)
        self.assertEqual(len({model["uid"] for model in BOARDS.values()}), 6)
        for name, model in BOARDS.items():
            with self.subTest(name):
                self.assertIsNone(model["id"])
                self.assertRegex(model["uid"], r"^[a-z-]{1,40}$")
                self.assertEqual(name, model["uid"] + ".json")
                self.assertIsInstance(model["schemaVersion"], int)
                self.assertTrue(model["title"] and model["description"] and model["tags"])
                self.assertIs(model["editable"], False)
                self.assertIn(model["graphTooltip"], (0, 1, 2))
                self.assertTrue(model["time"]["from"].startswith("now-"))
                self.assertIn(model["refresh"], model["timepicker"]["refresh_intervals"])
                names = [variable["name"] for variable in model["templating"]["list"]]
                self.assertEqual(len(names), len(set(names)))
                for variable in model["templating"]["list"]:
                    self.assertIn(variable["type"], VARIABLES)
                    self.assertRegex(variable["name"], r"^\w+$")
                    self.assertTrue(variable["label"])
                    if variable["type"] == "query":
                        self.assertEqual(variable["refresh"], 2)

    def test_each_panel_says_what_it_is_and_what_it_shows_when_empty(self):
        for name, model in BOARDS.items():
            numbers, titles = [], []
            for panel in panels_of(model):
                numbers.append(panel["id"])
                with self.subTest(f"{name}: {panel['title']}"):
                    self.assertIn(panel["type"], KINDS)
                    if panel["type"] == "row":
                        continue
                    titles.append(panel["title"])
                    self.assertRegex(panel["description"], r"\w.*\.$")
                    defaults = panel["fieldConfig"]["defaults"]
                    self.assertTrue(defaults["unit"] and defaults["noValue"])
                    self.assertTrue(panel["targets"])
                    references = [target["refId"] for target in panel["targets"]]
                    self.assertEqual(len(references), len(set(references)))
                    for target in panel["targets"]:
                        kind = target["datasource"]["type"]
                        self.assertEqual("expr" in target, kind == "prometheus")
                        self.assertEqual("rawSql" in target, kind == "grafana-postgresql-datasource")
                        variable = target["datasource"]["uid"]
                        self.assertIn(variable, ("${prometheus_datasource}", "${postgres_datasource}"))
                        self.assertIn(variable[2:-1], [v["name"] for v in model["templating"]["list"]])
                        if kind == "prometheus":
                            self.assertIn('job=~"$job", instance=~"$instance"', target["expr"])
                        else:
                            self.assertIn(target["format"], ("table", "time_series"))
            self.assertEqual(len(numbers), len(set(numbers)))
            self.assertEqual(len(titles), len(set(titles)))

    def test_panels_lie_in_the_grid_and_on_no_other(self):
        for name, model in BOARDS.items():
            taken = {}
            for panel in model["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
                for x in range(place["x"], place["x"] + place["w"]):
                    for y in range(place["y"], place["y"] + place["h"]):
                        self.assertIsNone(taken.get((x, y)), f"{name}: {panel['title']} on {taken.get((x, y))}")
                        taken[x, y] = panel["title"]

    def test_sql_reads_views_only(self):
        views = {"entries", "access", "checkpoints", "sessions", "violations", "sign_outs", "progress"}
        for name, model in BOARDS.items():
            texts = [target["rawSql"] for panel in panels_of(model) for target in panel.get("targets", [])
                     if "rawSql" in target]
            texts += [variable["query"] for variable in model["templating"]["list"]
                      if variable.get("datasource", {}).get("type") == "grafana-postgresql-datasource"]
            for text in texts:
                read = set(re.findall(r"\bcurfew\.(\w+)", text))
                self.assertTrue(read and read <= views, f"{name}: {text}")
                # `facts` are references, but only what a panel names is shown; `device` and the like are counted only.
                self.assertNotRegex(text, r"\b(address|user_agent)\b", name)

    def test_the_metrics_exist_with_their_labels(self):
        defined = defined_metrics()
        self.assertIn("curfew_sign_outs_total", defined)
        seen = 0
        for where, expression in expressions():
            for name in METRIC.findall(expression):
                seen += 1
                self.assertIn(name, defined, where)
            for name, matchers in re.findall(r"\b(curfew_[a-z0-9_]+)\{([^}]*)\}", expression):
                used = set(re.findall(r"(\w+)\s*(?:=~|!~|=|!=)", re.sub(r'"[^"]*"', '""', matchers)))
                self.assertLessEqual(used - {"job", "instance"}, defined[name], where)
        self.assertGreater(seen, 50)

    def test_each_alert_has_a_page_a_test_and_a_dashboard(self):
        tests = (SOURCE / "tests/integration/dashboards/rules_test.yaml").read_text()
        pages = {path.name for path in (SOURCE / "docs/runbooks").glob("*.md")}
        for alert in alerts.ALERTS:
            with self.subTest(alert.name):
                page = alert.page + ".md"
                self.assertIn(page, pages)
                self.assertIn(alert.name, (SOURCE / "docs/runbooks" / page).read_text())
                self.assertIn(f'alertname="{alert.name}"', tests)
                self.assertIn(alert.board + ".json", BOARDS)
        self.assertEqual(pages, {alert.page + ".md" for alert in alerts.ALERTS})

    def test_alerts_of_grafana_name_the_provisioned_data_source(self):
        provisioned = (PLACE / "provisioning/datasources/curfew.yaml").read_text()
        rules = alerts.grafana_rules()["groups"][0]["rules"]
        self.assertEqual(len(rules), len(alerts.ALERTS))
        self.assertEqual(len({rule["uid"] for rule in rules}), len(rules))
        for rule in rules:
            self.assertLessEqual(len(rule["uid"]), 40)
            self.assertIn(rule["condition"], [query["refId"] for query in rule["data"]])
            for query in rule["data"]:
                if query["datasourceUid"] != "__expr__":
                    self.assertIn(f"uid: {query['datasourceUid']}\n", provisioned)
                    # It stands alone: Grafana's alerts work where the recording rules are not loaded.
                    self.assertNotIn("curfew:", query["model"]["expr"])


if __name__ == "__main__":
    unittest.main()
