"""What Grafana's dashboard-linter is told to pass over, and why. Its rules know PromQL only."""
from source.build import POSTGRES

# The kinds of panel that its rules look into.
LOOKED_INTO = ("stat", "timeseries", "table")


def lint_exceptions(boards):
    sql_panels = [{"reason": "Its query is SQL, which this rule reads as an empty PromQL query.",
                   "dashboard": board.title, "panel": panel.title}
                  for board in boards for panel in board.panels()
                  if panel.kind in LOOKED_INTO and panel.queries[0].datasource is POSTGRES and board.variables[0]["query"] == "prometheus"]
    return {"exclusions": {
        "target-promql-rule": {"reason": "Panels that ask PostgreSQL.", "entries": sql_panels},
        "template-label-promql-rule": {
            "reason": "The variables `source` and `policy` are filled from PostgreSQL; job and instance pass.",
            "entries": [{"dashboard": board.title, "reason": "A variable of SQL."} for board in boards
                        if board.variables[0]["query"] == "prometheus" and any(
                            variable.get("datasource") == POSTGRES for variable in board.variables)]},
    }}
