"""A day at one source, most of it over when the daemon starts, the rest within two minutes: something for each panel.

The limit of six hours is passed while Prometheus already looks, so that rates and histograms have something to show.
"""
import json

CONFIGURATION = """
realm: dashboards
node: test
data: {place}/data
database: {{url: "postgresql://curfew@127.0.0.1:{database_port}/curfew"}}
ledger: {{outside_checkpoints: {place}/outside, batch_time: 5ms}}
listeners: {{operator: {{port: {port}}}, sources: {{port: {sources_port}}}}}
tokens:
  - {{name: test, role: admin, token_file: {place}/token}}
  - {{name: soc, role: receiver, token_file: {place}/receiver-token}}
# Somebody who should fetch events, and does not.
shared_signals:
  issuer: http://127.0.0.1:{sources_port}
  receivers: [{{name: soc, token: soc, audience: [soc], delivery: poll}}]
posture: {{every: 2s}}
sources:
  - name: crm
    connector: replay
    lateness: 0s
    settings:
      script: {place}/scenario.ndjson
      start: now
      gate: {{credentials: [{{in: cookie, name: sid}}], clear_cookies: [sid]}}
gates: [{{name: door, guards: crm, listener: {{port: {gate_port}}}}}]
policies:
  - name: six-hours
    rule: session_timeout
    limit: 6h
    warn_before: 10m
    mode: enforce
    scope: {{account_types: [human]}}
    controls: ["nist-800-53:ac-12"]
    ladder: [{{action: sign_out_session, prove_within: 1s}}]
  - name: idle-quarter-hour
    rule: inactivity_timeout
    limit: 15m
    scope: {{account_types: [human]}}
    controls: ["nist-800-53:ac-11", "pci-dss:8.2.8"]
  - name: three-at-once
    rule: concurrent_sessions
    most: 3
    scope: {{account_types: [human]}}
    controls: ["nist-800-53:ac-10"]
  - name: guessed-passwords
    rule: failed_sign_ins
    most: 5
    window: 15m
    controls: ["nist-800-53:ac-7"]
safety: {{most_sign_outs_per_minute: 100, protected_accounts: ["upn:keeper@corp.test"]}}
"""


def sign_in(at, session, person, account="human", **more):
    return {"at": at, "type": "sign_in", "session": session, "identifiers": {"upn": person + "@corp.test"},
            "account_type": account, "auth_method": "form", "interactivity": "interactive", "fresh_credentials": True,
            "application": "crm", "device": "ws-" + session, "address": "10.1.4.17", "factors": 1, **more}


def script():
    lines = []
    # Over their limit after the start, one after the other, so that whoever looks late still sees some. The source ends
    # these when asked; for another it only says so, and for one it can't tell.
    for i in range(16):
        lines.append(sign_in(f"-{6 * 3600 - 12 - 6 * i}s", f"long-{i}", f"person-{i}", handle=True))
    lines.append(sign_in("-5h59m44s", "lied", "lied"))
    lines.append({"on": "sign_out_session", "session": "lied", "answer": "lie"})
    lines.append(sign_in("-5h59m46s", "unclear", "unclear"))
    lines.append({"on": "prove", "session": "unclear", "answer": "unknown"})
    # A protected account: its sign-out waits for somebody.
    lines.append(sign_in("-5h59m40s", "keeper", "keeper", privileged=True, factors=2))
    lines += [sign_in(f"-{50 - i}m", f"bob-{i}", "bob") for i in range(5)]
    lines.append(sign_in("-40m", "locked", "lena"))
    lines.append({"at": "-30m", "type": "locked", "session": "locked"})
    lines.append(sign_in("-40m", "paused", "paul"))
    lines.append({"at": "-30m", "type": "paused", "session": "paused"})
    lines.append(sign_in("-3h", "batch", "batch-job", account="service", interactivity="silent"))
    for i, (lasted, reason) in enumerate((("2m", "signed_out"), ("20m", "signed_out"), ("58m", "idle_timeout"))):
        lines.append(sign_in("-59m", f"over-{i}", f"over-{i}"))
        left = {"2m": "57m", "20m": "39m", "58m": "1m"}[lasted]
        lines.append({"at": f"-{left}", "type": "sign_out" if reason == "signed_out" else "expired",
                      "session": f"over-{i}", "end_reason": reason})
    lines += [{"at": f"-{20 + i}m", "type": "sign_in_failed", "identifiers": {"upn": "guessed@corp.test"},
               "account_type": "human", "failure": "bad_password", "application": "crm"} for i in range(7)]
    lines.append(sign_in("-19m", "guessed", "guessed"))
    # Somebody works on.
    lines.append(sign_in("-10m", "worker", "worker"))
    lines += [{"at": f"+{i}s", "type": "activity", "session": "worker"} for i in range(0, 180, 2)]
    return "".join(json.dumps(line) + "\n" for line in lines)
