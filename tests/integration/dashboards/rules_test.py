"""Prometheus' own tool on the rules: they are well-formed, and fire when tests/integration/dashboards/rules_test.yaml says."""
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from servers import SOURCE  # noqa: E402


def main():
    if not shutil.which("promtool"):
        print("skipped: needs prometheus: promtool is not installed")
        return 77
    rules = SOURCE / "dashboards/prometheus"
    for command in (["check", "rules", rules / "recording.yaml", rules / "alerts.yaml"],
                    ["check", "config", "--lint=none", rules / "prometheus.yml"],
                    ["test", "rules", pathlib.Path(__file__).with_suffix(".yaml")]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout + done.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
