#!/usr/bin/env python3
"""How fast the dashboards' SQL is on a filled database: dashboard_queries.py CONNINFO [ROUNDS=20]

Each query of each panel and variable, expanded as Grafana does it (tests/integration/dashboards/expand.py) for the last
24 hours and with all sources chosen, is asked ROUNDS times over one connection. Says the p50 and p99 of all queries, and the slowest.
"""
import datetime
import json
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tests/integration/dashboards"))
from expand import Window, expand  # noqa: E402

TIME = re.compile(r"^Time: ([\d.]+) ms", re.M)


def all_panels(model):
    for panel in model["panels"]:
        yield panel
        yield from panel.get("panels", [])


def psql(conninfo, text):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", conninfo], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"psql: {done.stderr}")
    return done.stdout


def queries(conninfo):
    now = datetime.datetime.now(datetime.timezone.utc)
    window = Window(now - datetime.timedelta(hours=24), now, 60, 15)
    for path in sorted((SOURCE / "dashboards/grafana").glob("*.json")):
        model = json.loads(path.read_text())
        values = {}
        for variable in model["templating"]["list"]:
            if variable["type"] == "textbox":
                values[variable["name"]] = variable["query"]
            elif variable["type"] == "query" and variable["datasource"]["type"] != "prometheus":
                text = expand(variable["query"], values, window, "sql")
                values[variable["name"]] = psql(conninfo, f"SET ROLE curfew_auditor;\n{text};\n").split("\n")[:-1]
                yield f"{model['uid']}: the variable {variable['name']}", text
        for panel in all_panels(model):
            for target in panel.get("targets", []):
                if "rawSql" in target:
                    yield f"{model['uid']}: {panel['title']}", expand(target["rawSql"], values, window, "sql")


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def main():
    conninfo, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    times = {}
    for name, text in queries(conninfo):
        answer = psql(conninfo, "SET ROLE curfew_auditor; SET jit = off;\n\\timing on\n\\o /dev/null\n" + f"{text};\n" * rounds)
        measured = [float(one) for one in TIME.findall(answer)]
        if len(measured) != rounds:
            sys.exit(f"{name}: {len(measured)} times of {rounds}: {answer[:300]}")
        times.setdefault(name, []).extend(measured)
    together = [one for measured in times.values() for one in measured]
    print(f"dashboards: {len(times)} queries, {rounds} rounds each: p50 {quantile(together, 0.5):.1f} ms, "
          f"p99 {quantile(together, 0.99):.1f} ms, longest {max(together):.1f} ms")
    for name, measured in sorted(times.items(), key=lambda one: -quantile(one[1], 0.5))[:10]:
        print(f"  {name:64} p50 {quantile(measured, 0.5):9.1f} ms, longest {max(measured):9.1f} ms")


if __name__ == "__main__":
    main()
