"""What a dashboard is made of: rows of panels, their queries, links and empty states, as Grafana's classic JSON.

    board = Dashboard("curfew-example", "Curfew / Example", "What it answers.", [JOB, INSTANCE])
    board.row("Now", 5, [stat("Live sessions", "Sessions that live now.", "short", promql("sum(curfew_sessions_active)"))])
    text = json_text(board.model())

A query says the least number of rows that it must give while the test's scenario runs; this stays out of the JSON, and
tests/integration/dashboards holds each query against it.
"""
import json

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus_datasource}"}
POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "${postgres_datasource}"}
# The lowest that has what is used here is Grafana 11; a newer one migrates the model when it loads it.
SCHEMA_VERSION = 39
COLUMNS = 24

# Okabe and Ito's colours, which people who are colour-blind can tell apart; what is bad is also said in words.
BLUE, SKY, GREEN, YELLOW, ORANGE, RED, PURPLE, GREY = (
    "#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7", "#999999")
COLOURS = {
    "active": BLUE, "locked": YELLOW, "paused": GREY, "started": BLUE, "ended": GREY, "live": BLUE,
    "proven": BLUE, "contained": SKY, "still_alive": RED, "unproven": ORANGE, "held": YELLOW, "mistaken": PURPLE,
    "satisfied": BLUE, "not_satisfied": RED, "not_testable": GREY, "no_data": YELLOW,
    "median": BLUE, "p95": ORANGE, "p99": RED,
}


class Query:
    def __init__(self, datasource, least, **fields):
        self.datasource = datasource
        self.least = least
        self.fields = fields

    def target(self, ref):
        return {"refId": ref, "datasource": self.datasource, "editorMode": "code", **self.fields}


def promql(expression, legend="", least=1, instant=False, as_table=False):
    """In an expression, `@` before a metric's closing brace or alone in braces stands for the job and instance."""
    expression = expression.replace("@", 'job=~"$job", instance=~"$instance"')
    return Query(PROMETHEUS, least, expr=expression, legendFormat=legend or "__auto", instant=instant or as_table,
                 range=not (instant or as_table), format="table" if as_table else "time_series")


def sql(text, least=1, series=False):
    lines = [line.strip() for line in text.strip().splitlines()]
    return Query(POSTGRES, least, rawSql="\n".join(lines), rawQuery=True, format="time_series" if series else "table")


class Panel:
    def __init__(self, kind, title, description, queries, unit, empty, width=None):
        self.kind, self.title, self.description = kind, title, description
        self.queries = queries if isinstance(queries, list) else [queries]
        self.unit, self.empty, self.width = unit, empty, width
        self.defaults, self.overrides, self.options = {}, [], {}

    def model(self, number, place):
        return {
            "id": number, "type": self.kind, "title": self.title, "description": self.description,
            "datasource": self.queries[0].datasource, "gridPos": place,
            "targets": [query.target("ABCDEFGH"[i]) for i, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": {"unit": self.unit, "noValue": self.empty, **self.defaults},
                            "overrides": self.overrides},
            "options": self.options,
        }


def override(name, **properties):
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key.replace("_", "."), "value": value} for key, value in properties.items()]}


def steps(*bounds):
    """steps(GREY, (1, RED)): the colour from the bottom on, then from each bound on."""
    return {"mode": "absolute", "steps": [{"color": bounds[0], "value": None}] +
            [{"color": colour, "value": value} for value, colour in bounds[1:]]}


def stat(title, description, unit, query, empty="No data", thresholds=None, words=None, links=None, width=None,
         text="auto"):
    panel = Panel("stat", title, description, query, unit, empty, width)
    panel.defaults = {"thresholds": thresholds or steps(BLUE), "color": {"mode": "thresholds"}}
    if words:
        panel.defaults["mappings"] = [{"type": "value", "options": {
            str(value): {"text": text, "color": colour, "index": i}
            for i, (value, text, colour) in enumerate(words)}}]
    if links:
        panel.defaults["links"] = links
    panel.options = {"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto",
                     "textMode": text, "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return panel


def lines(title, description, unit, queries, empty="No data in this time", stacked=False, bars=False, colours=(),
          width=None):
    panel = Panel("timeseries", title, description, queries, unit, empty, width)
    panel.defaults = {"color": {"mode": "palette-classic"}, "min": 0, "custom": {
        "drawStyle": "bars" if bars else "line", "lineWidth": 1, "fillOpacity": 60 if bars else 10,
        "showPoints": "auto", "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}}
    panel.overrides = [override(name, color={"mode": "fixed", "fixedColor": COLOURS[name]}) for name in colours]
    panel.options = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"],
                                "showLegend": True},
                     "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel


def bars(title, description, unit, query, by, empty="Nothing in this time", width=None):
    """A bar for each row: the column `by` names it."""
    panel = Panel("barchart", title, description, query, unit, empty, width)
    panel.defaults = {"color": {"mode": "fixed", "fixedColor": BLUE}, "min": 0,
                      "custom": {"fillOpacity": 80, "lineWidth": 1}}
    panel.options = {"orientation": "horizontal", "xField": by, "showValue": "auto", "stacking": "none",
                     "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
                     "tooltip": {"mode": "single", "sort": "none"}}
    return panel


def table(title, description, queries, columns=(), empty="Nothing in this time", unit="none", width=None,
          transformations=()):
    panel = Panel("table", title, description, queries, unit, empty, width)
    panel.defaults = {"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}}
    panel.overrides = list(columns)
    panel.options = {"showHeader": True, "cellHeight": "sm"}
    if transformations:
        original = panel.model
        panel.model = lambda number, place: {**original(number, place), "transformations": list(transformations)}
    return panel


# ---- links: each carries the time and the variables, or leads to the API, which knows names ----
def to_dashboard(title, uid, variables="", **values):
    parts = ["${__url_time_range}", "${job:queryparam}", "${instance:queryparam}"] + ([variables] if variables else [])
    parts += [f"var-{name}={value}" for name, value in values.items()]
    return {"title": title, "url": f"/d/{uid}?" + "&".join(parts), "targetBlank": False}


def to_api(title, path):
    return {"title": title, "url": "${curfew_url}/api/v1/" + path, "targetBlank": True}


SUBJECT_LINKS = [to_dashboard("This person's sessions", "curfew-sessions", "", subject="${__value.raw}"),
                 to_dashboard("This person's violations", "curfew-violations", "", subject="${__value.raw}"),
                 to_api("Sessions in the API, which resolves names", "sessions?subject=${__value.raw}")]
SESSION_LINKS = [to_api("The session in the API", "sessions/${__value.raw}")]
VIOLATION_LINKS = [to_api("The violation with its evidence", "violations/${__value.raw}")]
SIGN_OUT_LINKS = [to_api("The sign-out with its steps and proof", "sign-outs/${__value.raw}")]
subject_column = override("subject", links=SUBJECT_LINKS)
session_column = override("session", links=SESSION_LINKS)
violation_column = override("violation", links=VIOLATION_LINKS)
sign_out_column = override("sign_out", links=SIGN_OUT_LINKS)


def seconds(*names):
    return [override(name, unit="s") for name in names]


def share(*names):
    return [override(name, unit="percentunit") for name in names]


# ---- variables ----
def datasource_variable(name, label, kind):
    return {"type": "datasource", "name": name, "label": label, "query": kind, "refresh": 1, "hide": 0, "regex": "",
            "multi": False, "includeAll": False, "options": []}


def label_variable(name, query):
    return {"type": "query", "name": name, "label": name.capitalize(), "datasource": PROMETHEUS, "query": query,
            "refresh": 2, "multi": True, "includeAll": True, "allValue": ".+", "sort": 1,
            "hide": 0, "regex": "", "options": [], "current": {"selected": True, "text": "All", "value": "$__all"}}


def sql_variable(name, label, text):
    return {"type": "query", "name": name, "label": label, "datasource": POSTGRES, "query": text,
            "refresh": 2, "multi": True, "includeAll": True, "sort": 1, "hide": 0, "regex": "", "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def text_variable(name, label, value=""):
    return {"type": "textbox", "name": name, "label": label, "query": value, "hide": 0,
            "options": [{"selected": True, "text": value, "value": value}],
            "current": {"selected": True, "text": value, "value": value}}


PROMETHEUS_SOURCE = datasource_variable("prometheus_datasource", "Prometheus data source", "prometheus")
# The plugin's other name: a variable's name is made from it, and can't have hyphens.
POSTGRES_SOURCE = datasource_variable("postgres_datasource", "Postgres data source", "postgres")
JOB = label_variable("job", "label_values(curfew_build_info, job)")
INSTANCE = label_variable("instance", 'label_values(curfew_build_info{job=~"$job"}, instance)')
# Without sessions there is still a value, as IN () would be an error.
SOURCE = sql_variable("source", "Source", "SELECT DISTINCT source FROM curfew.sessions UNION ALL SELECT '-' "
                      "WHERE NOT EXISTS (SELECT FROM curfew.sessions)")
POLICY = sql_variable("policy", "Policy", "SELECT DISTINCT policy FROM curfew.violations UNION ALL SELECT '-' "
                      "WHERE NOT EXISTS (SELECT FROM curfew.violations)")
SUBJECT = text_variable("subject", "Person (reference)")
CURFEW_URL = text_variable("curfew_url", "Curfew's API", "http://127.0.0.1:8470")


class Dashboard:
    def __init__(self, uid, title, description, variables, start="now-24h", refresh="1m"):
        self.uid, self.title, self.description, self.variables = uid, title, description, variables
        self.start, self.refresh, self.rows = start, refresh, []

    def row(self, title, height, panels, collapsed=False):
        self.rows.append((title, height, panels, collapsed))

    def panels(self):
        return [panel for _, _, panels, _ in self.rows for panel in panels]

    def _layout(self):
        number, top, placed = 0, 0, []
        for title, height, panels, collapsed in self.rows:
            number += 1
            row = {"id": number, "type": "row", "title": title, "collapsed": collapsed,
                   "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}, "panels": []}
            placed.append(row)
            top += 1
            left, models = 0, []
            for panel in panels:
                width = panel.width or COLUMNS // len(panels)
                if left + width > COLUMNS:
                    left, top = 0, top + height
                number += 1
                models.append(panel.model(number, {"x": left, "y": top, "w": width, "h": height}))
                left += width
            top += height
            (row["panels"] if collapsed else placed).extend(models)
        return placed

    def model(self):
        return {
            "id": None, "uid": self.uid, "title": self.title, "description": self.description, "tags": ["curfew"],
            "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": False, "graphTooltip": 1,
            "timezone": "browser", "weekStart": "", "fiscalYearStartMonth": 0, "liveNow": False,
            "refresh": self.refresh, "time": {"from": self.start, "to": "now"},
            "timepicker": {"refresh_intervals": ["30s", "1m", "5m", "15m", "1h"]},
            "templating": {"list": self.variables}, "annotations": {"list": []},
            "links": [{"type": "dashboards", "title": "Curfew", "tags": ["curfew"], "asDropdown": True,
                       "includeVars": True, "keepTime": True, "icon": "external link", "targetBlank": False,
                       "tooltip": "", "url": ""}],
            "panels": self._layout(),
        }


def json_text(model):
    return json.dumps(model, indent=2, ensure_ascii=False) + "\n"
