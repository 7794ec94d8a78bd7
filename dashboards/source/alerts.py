"""Recording and alerting rules, once: for Prometheus, and the alerts again for Grafana's own alerting."""

RECORDING = [
    ("curfew:sessions_live:sum", "sum by (job, instance) (curfew_sessions_active + curfew_sessions_locked + curfew_sessions_paused)"),
    ("curfew:violations:rate5m", "sum by (job, instance, rule, mode) (rate(curfew_violations_total[5m]))"),
    ("curfew:sign_outs:rate5m", "sum by (job, instance, outcome) (rate(curfew_sign_outs_total[5m]))"),
    ("curfew:sign_out_effect_seconds:p95_1h",
     "histogram_quantile(0.95, sum by (job, instance, le) (rate(curfew_sign_out_effect_seconds_bucket[1h])))"),
    ("curfew:ledger_commit_seconds:p99_5m",
     "histogram_quantile(0.99, sum by (job, instance, le) (rate(curfew_ledger_commit_seconds_bucket[5m])))"),
    ("curfew:controls:count", "sum by (job, instance, framework, status) (curfew_control_status)"),
    ("curfew:gate_decision_seconds:p99_5m",
     "histogram_quantile(0.99, sum by (job, instance, gate, le) (rate(curfew_gate_decision_seconds_bucket[5m])))"),
]


class Alert:
    def __init__(self, name, expression, hold, severity, summary, description, page, board):
        self.name, self.expression, self.hold, self.severity = name, expression, hold, severity
        self.summary, self.description, self.page, self.board = summary, description, page, board


RUNBOOKS = "docs/runbooks"
AT = "{{ $labels.instance }}"
OPERATIONS, SIGN_OUTS, COMPLIANCE = "curfew-operations", "curfew-sign-outs", "curfew-compliance"

ALERTS = [
    Alert("CurfewDown", 'up{job="curfew"} == 0 or absent(up{job="curfew"}) == 1', "2m", "critical",
          "Curfew{{ with $labels.instance }} at {{ . }}{{ end }} does not answer",
          "Nothing is watched and nobody is signed out; gates refuse or let pass as configured.", "curfew-down", OPERATIONS),
    Alert("CurfewDatabaseAway", "curfew_store_up == 0", "1m", "critical", f"The database of {AT} is away",
          "Nothing is acknowledged and no step of a sign-out is carried out until it is back.", "database-away", OPERATIONS),
    Alert("CurfewEngineBehind", "time() - curfew_engine_time_timestamp_seconds > 120", "5m", "critical",
          f"The engine of {AT} is behind the clock", "Limits are noticed late by {{ $value | humanizeDuration }}.",
          "engine-behind", OPERATIONS),
    Alert("CurfewQueueFills", "curfew_queue_depth > 20000", "5m", "warning",
          f"Observations wait at {AT}", "{{ $value }} observations wait for the engine; a full queue slows the sources.",
          "engine-behind", OPERATIONS),
    Alert("CurfewCommitsSlow", "curfew:ledger_commit_seconds:p99_5m > 1", "10m", "warning",
          f"Commits of {AT} are slow", "One in a hundred takes {{ $value | humanizeDuration }} or more.", "commits-slow",
          OPERATIONS),
    Alert("CurfewSourceDown", "curfew_source_up == 0 and on (job, instance, source) curfew_source_quarantined == 0", "5m",
          "critical", "The source {{ $labels.source }} is down",
          "What its people do is not seen; rules about absence wait for it.", "source-down", OPERATIONS),
    Alert("CurfewSourceQuarantined", "curfew_source_quarantined == 1", "0m", "critical",
          "The source {{ $labels.source }} is quarantined",
          "Its plugin crashed or did not come back; it is not started again by itself.", "source-quarantined", OPERATIONS),
    Alert("CurfewSourceSilent", "time() - curfew_source_last_observation_timestamp_seconds > 3600", "15m", "warning",
          "Nothing comes from the source {{ $labels.source }}",
          "Its newest observation is {{ $value | humanizeDuration }} old.", "source-silent", OPERATIONS),
    Alert("CurfewObservationsLost", 'sum by (job, instance, source, reason) (increase(curfew_observations_refused_total'
          '{reason=~"too_late|invalid|too_large"}[15m])) > 0', "0m", "warning",
          "Observations of {{ $labels.source }} are refused ({{ $labels.reason }})",
          "{{ $value }} in 15 minutes; they are not in the ledger.", "observations-lost", OPERATIONS),
    Alert("CurfewPluginMisbehaves", "sum by (job, instance, source) (increase(curfew_source_invalid_total[15m])) > 0 or "
          "sum by (job, instance, source) (increase(curfew_source_calls_abandoned_total[15m])) > 0", "0m", "warning",
          "The plugin of {{ $labels.source }} misbehaves",
          "It broke the contract with the host, or did not come back from a call.", "plugin-misbehaves", OPERATIONS),
    Alert("CurfewSignOutWithoutProof", 'sum by (job, instance, outcome) (increase(curfew_sign_outs_total'
          '{outcome=~"still_alive|unproven"}[15m])) > 0', "0m", "critical",
          "Sign-outs ended {{ $labels.outcome }}", "{{ $value }} in 15 minutes: these sessions may go on.",
          "sign-out-without-proof", SIGN_OUTS),
    Alert("CurfewSignOutMistaken", 'sum by (job, instance) (increase(curfew_sign_outs_total{outcome="mistaken"}[15m])) > 0',
          "0m", "warning", "Somebody was signed out for nothing",
          "{{ $value }} violations were withdrawn after their sign-out.", "sign-out-mistaken", SIGN_OUTS),
    Alert("CurfewSignOutsHeld", "curfew_sign_outs_held > 0", "15m", "warning", f"Sign-outs wait at {AT}",
          "{{ $value }} wait for somebody to release or dismiss them.", "sign-outs-held", SIGN_OUTS),
    Alert("CurfewTimeToEffectLong", "curfew:sign_out_effect_seconds:p95_1h > 900", "0m", "warning",
          f"Sign-outs of {AT} take long", "One in twenty takes {{ $value | humanizeDuration }} or more from the breach.",
          "time-to-effect-long", SIGN_OUTS),
    Alert("CurfewGateCannotJudge", "curfew_gate_up == 0", "1m", "critical", "The gate {{ $labels.gate }} can't judge",
          "It fails open or closed, as configured.", "gate-cannot-judge", OPERATIONS),
    Alert("CurfewGateSlow", "curfew:gate_decision_seconds:p99_5m > 0.05", "10m", "warning",
          "The gate {{ $labels.gate }} is slow", "One request in a hundred waits {{ $value | humanizeDuration }} or more.",
          "gate-slow", OPERATIONS),
    Alert("CurfewReceiverTakesNothing", "curfew_outlet_waiting > 0", "15m", "warning",
          "The receiver of {{ $labels.outlet }} takes nothing",
          "{{ $value }} events wait for it: other products don't know of them.", "receiver-takes-nothing",
          OPERATIONS),
    Alert("CurfewControlNotSatisfied", 'curfew_control_status{status="not_satisfied"} == 1 and on (job, instance, framework, '
          'control) max_over_time(curfew_control_status{status="satisfied"}[1d]) == 1', "0m", "warning",
          "{{ $labels.framework }}:{{ $labels.control }} is not satisfied any more",
          "It was within the last day; the report names the exceptions.", "control-not-satisfied", COMPLIANCE),
    Alert("CurfewControlStatusOld", "time() - curfew_control_evaluated_timestamp_seconds > 21600", "15m", "warning",
          f"The status of the controls at {AT} is old",
          "It is {{ $value | humanizeDuration }} old: what is shown may not be so any more.", "control-status-old", COMPLIANCE),
]


def expanded(expression):
    """Without recorded names, for who has not loaded the recording rules."""
    for name, recorded in RECORDING:
        expression = expression.replace(name, recorded)
    return expression


def recording_rules():
    return {"groups": [{"name": "curfew-recording",
                        "rules": [{"record": name, "expr": text} for name, text in RECORDING]}]}


def alerting_rules():
    return {"groups": [{"name": "curfew-alerts", "rules": [
        {"alert": alert.name, "expr": alert.expression, "for": alert.hold, "labels": {"severity": alert.severity},
         "annotations": {"summary": alert.summary, "description": alert.description,
                         "runbook": f"{RUNBOOKS}/{alert.page}.md"}} for alert in ALERTS]}]}


def grafana_rules():
    """Grafana knows data sources in alerts only by a fixed uid: that of our provisioning file."""
    rules = []
    for alert in ALERTS:
        query = {"refId": "A", "relativeTimeRange": {"from": 600, "to": 0}, "datasourceUid": "curfew-prometheus",
                 "model": {"refId": "A", "expr": expanded(alert.expression), "instant": True, "range": False,
                           "editorMode": "code"}}
        found = {"refId": "B", "relativeTimeRange": {"from": 0, "to": 0}, "datasourceUid": "__expr__",
                 "model": {"refId": "B", "type": "math", "expression": "is_number($A)",
                           "datasource": {"type": "__expr__", "uid": "__expr__"}}}
        rules.append({
            "uid": "curfew-" + alert.name.removeprefix("Curfew").lower(), "title": alert.name, "condition": "B",
            "data": [query, found], "for": alert.hold,
            # No series is how a query says that all is well; a query that fails is an alert.
            "noDataState": "OK", "execErrState": "Error", "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.summary.replace("$value", "$values.A.Value"),
                            "description": alert.description.replace("$value", "$values.A.Value"),
                            "runbook": f"{RUNBOOKS}/{alert.page}.md", "__dashboardUid__": alert.board}})
    return {"apiVersion": 1, "groups": [{"orgId": 1, "name": "curfew", "folder": "Curfew", "interval": "1m",
                                         "rules": rules}]}
