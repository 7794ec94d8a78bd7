"""Each query of each dashboard, variable and rule, asked of real servers while a scenario runs.

    queries_test.py --build BUILD

PostgreSQL, a running daemon and Prometheus with our rules. What each panel says that it must show at least, it shows; with
an empty database no query fails; and Grafana's login can read nothing but the views.
"""
import argparse
import datetime
import json
import re
import shutil
import sys

sys.dont_write_bytecode = True
from expand import All, Window, expand  # noqa: E402
from servers import POSTGRES, SOURCE, Failed, Servers, until  # noqa: E402

sys.path.insert(0, str(SOURCE / "dashboards"))
from source import alerts, compliance, operations, overview, sessions, sign_outs, violations  # noqa: E402

SCRAPE = 1
PATIENCE = 90
PERSONAL = ("corp.test", "10.1.4.17", "ws-")
BOARDS = [module.board for module in (overview, sessions, violations, sign_outs, compliance, operations)]


def all_panels(model):
    for panel in model["panels"]:
        yield panel
        yield from panel.get("panels", [])


def window(interval=15):
    now = datetime.datetime.now(datetime.timezone.utc)
    return Window(now - datetime.timedelta(hours=8), now + datetime.timedelta(seconds=1), interval, SCRAPE)


class Asker:
    """Knows the values of the variables, asked as Grafana asks for them."""

    def __init__(self, servers):
        self.servers = servers
        self.known = {}

    def variables(self, model):
        """Asked once for a board, and again after forget()."""
        if model["uid"] in self.known:
            return self.known[model["uid"]]
        values = self.known[model["uid"]] = {}
        for variable in model["templating"]["list"]:
            name = variable["name"]
            if variable["type"] == "datasource":
                values[name] = "curfew-" + ("prometheus" if variable["query"] == "prometheus" else "postgres")
            elif variable["type"] == "textbox":
                values[name] = variable["query"]
            elif variable["type"] == "query":
                found = self.variable(variable, values)
                values[name] = All(variable["allValue"]) if "allValue" in variable else found
            else:
                raise Failed(f"a variable of the type {variable['type']}: {name}")
        return values

    def forget(self):
        self.known.clear()

    def variable(self, variable, values):
        if variable["datasource"]["type"] != "prometheus":
            rows = self.servers.query(expand(variable["query"], values, window(), "sql"))
            return [next(iter(row.values())) for row in rows]
        call = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
        if not call:
            raise Failed(f"the variable's query {variable['query']}")
        selector = expand(call.group(1), values, window(), "promql")
        return self.servers.prometheus(f"label/{call.group(2)}/values", **{"match[]": selector})

    def rows(self, target, values):
        if "rawSql" in target:
            found = self.servers.query(expand(target["rawSql"], values, window(), "sql"))
            return [row for row in found if any(row.values())]  # one of nulls shows nothing
        seen = window()
        expression = expand(target["expr"], values, seen, "promql")
        if target["instant"]:
            found = self.servers.prometheus("query", query=expression)["result"]
            return [one for one in found if one["value"][1] != "NaN"]
        begin = seen.end - datetime.timedelta(minutes=15)
        found = self.servers.prometheus("query_range", query=expression, start=begin.timestamp(),
                                        end=seen.end.timestamp(), step=1)["result"]
        return [one for one in found if any(value != "NaN" for _, value in one["values"])]


def each_target(boards):
    """Of each board and panel the query as the JSON file has it, and the least number of rows that its source states."""
    for board in boards:
        model = json.loads((SOURCE / f"dashboards/grafana/{board.uid}.json").read_text())
        panels = [panel for panel in all_panels(model) if panel["type"] != "row"]
        if [panel["title"] for panel in panels] != [panel.title for panel in board.panels()]:
            raise Failed(f"{board.uid}.json is not what dashboards/generate writes")
        for panel, stated in zip(panels, board.panels(), strict=True):
            for target, query in zip(panel["targets"], stated.queries, strict=True):
                yield model, panel, target, query.least


def check_empty(asker):
    """A database without an entry: nothing fails, and the variables still have a value."""
    asked = 0
    for model, panel, target, _ in each_target(BOARDS):
        if "rawSql" in target:
            sql_only = {"uid": model["uid"], "templating": {"list": [one for one in model["templating"]["list"]
                                                if one.get("datasource", {}).get("type") != "prometheus"]}}
            asker.rows(target, asker.variables(sql_only))
            asked += 1
    return asked


def check_rights(servers):
    for text in ("SELECT * FROM curfew.personal", "SELECT * FROM curfew.reference", "SELECT * FROM curfew.entry",
                 "SELECT * FROM curfew.session", "SELECT * FROM curfew.sign_out", "SELECT * FROM curfew.snapshot_part",
                 "SET default_transaction_read_only = off; DELETE FROM curfew.sessions",
                 "SET default_transaction_read_only = off; UPDATE curfew.violations SET mode = 'observe'",
                 "SET default_transaction_read_only = off; CREATE TABLE curfew.mine (a int)",
                 "SET default_transaction_read_only = off; CREATE TEMPORARY TABLE mine (a int)",
                 "SET ROLE curfew_auditor"):
        try:
            servers.query(text)
        except Failed as refused:
            if "permission denied" in str(refused):
                continue
            raise Failed(f"{text} failed, but not for want of a right: {refused}") from None
        raise Failed(f"Grafana's login may: {text}")


def drive(servers):
    """Requests at the gate while the scenario runs, until every kind of outcome has come about."""
    def happened():
        servers.ask_gate("worker")
        servers.ask_gate("nobody")
        rows = servers.query("SELECT outcome, count(*) AS n FROM curfew.sign_outs GROUP BY 1")
        return {"proven", "held"} <= {row["outcome"] for row in rows} and \
            sum(row["outcome"] in ("still_alive", "unproven", "contained") for row in rows) >= 1
    try:
        until("the scenario's outcomes", happened, PATIENCE)
    except Failed as failed:
        raise Failed(f"{failed}: {servers.query('SELECT number, outcome, held_because FROM curfew.sign_outs')}\n"
                     f"{servers.log('curfew')}") from None


def check_panels(asker):
    count, personal = 0, []
    for model, panel, target, least in each_target(BOARDS):
        where = f"{model['uid']}: {panel['title']} ({target['refId']})"
        try:
            rows = []

            def enough():
                rows[:] = asker.rows(target, asker.variables(model))
                return len(rows) >= least
            until(f"{least} rows", enough, PATIENCE)
        except Exception as failed:
            raise Failed(f"{where}: {failed}; there are {len(rows)}: {json.dumps(rows)[:400]}\n"
                         f"{target.get('rawSql') or target.get('expr')}") from failed
        personal += [f"{where} shows {mark}" for mark in PERSONAL if mark in json.dumps(rows)]
        count += 1
    if personal:
        raise Failed("personal values in dashboards: " + "; ".join(personal))
    return count


def check_columns(asker):
    """An override by name is of a column that the query has."""
    for model, panel, target, _ in each_target(BOARDS):
        names = [one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]]
        if panel["type"] == "table" and "rawSql" in target:
            rows = asker.rows(target, asker.variables(model))
            missing = [name for name in names if rows and name not in rows[0]]
            if missing:
                raise Failed(f"{model['uid']}: {panel['title']} has no column {missing}: {list(rows[0])}")


def check_links(asker):
    count = 0
    uids = {board.uid for board in BOARDS}
    for board in BOARDS:
        model = board.model()
        values = asker.variables(model)
        for panel in all_panels(model):
            config = panel.get("fieldConfig", {"defaults": {}, "overrides": []})
            links = config["defaults"].get("links", []) + [
                link for one in config["overrides"] for p in one["properties"] if p["id"] == "links" for link in p["value"]]
            for link in links:
                # A link may carry on a variable that only its target has when it is on a board without it.
                url = expand(link["url"], values, window(), "link")
                if url.startswith("/d/"):
                    if url.split("?")[0].removeprefix("/d/") not in uids or "from=" not in url:
                        raise Failed(f"{board.uid}: {panel['title']}: the link {url}")
                elif not url.startswith("http://127.0.0.1:8470/api/v1/"):
                    raise Failed(f"{board.uid}: {panel['title']}: the link {url}")
                count += 1
    return count


def check_rules(servers):
    """Prometheus itself says which rules it has; each is asked, and is well as Prometheus sees it."""
    def evaluated():
        groups = servers.prometheus("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None
    rules = until("the rules' evaluation", evaluated, PATIENCE)
    bad = [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]
    if bad:
        raise Failed("; ".join(bad))
    names = sorted(rule["name"] for rule in rules)
    wanted = sorted([name for name, _ in alerts.RECORDING] + [alert.name for alert in alerts.ALERTS])
    if names != wanted:
        raise Failed(f"Prometheus has the rules {names}, and not {wanted}")
    for name, _ in alerts.RECORDING:
        until(f"a row of {name}", lambda name=name: servers.prometheus("query", query=name)["result"], PATIENCE)
    for alert in alerts.ALERTS:
        servers.prometheus("query", query=alerts.expanded(alert.expression))

    # What the scenario did is what somebody must be told of.
    def told():
        found = servers.prometheus("alerts")["alerts"]
        return {"CurfewSignOutWithoutProof", "CurfewSignOutsHeld"} <= {one["labels"]["alertname"] for one in found}
    until("the alerts of the scenario", told, PATIENCE)
    return len(rules)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    for needed, there in (("postgresql", (POSTGRES / "initdb").exists()), ("psql", shutil.which("psql")),
                          ("prometheus", shutil.which("prometheus"))):
        if not there:
            print(f"skipped: needs {needed}: it is not installed")
            return 77
    with Servers(options.build) as servers:
        try:
            asker = Asker(servers)
            servers.start_database()
            print(f"{check_empty(asker)} queries of an empty database")
            check_rights(servers)
            servers.start_prometheus(SCRAPE)
            servers.start_curfew()
            servers.wait_for_scrape()
            drive(servers)
            asker.forget()
            print(f"{check_panels(asker)} queries of panels, {check_links(asker)} links, {check_rules(servers)} rules")
            check_columns(asker)
        except Failed as failed:
            print(f"FAILED: {failed}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
