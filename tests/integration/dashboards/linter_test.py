"""Grafana's dashboard-linter in strict mode, with the exceptions that dashboards/grafana/.lint states and gives reasons for.

The linter is $CURFEW_DASHBOARD_LINTER, or `dashboard-linter` of the path, or what Go gets of its module (as a tool of a module
of our own, as `go install` refuses modules with a `replace`). It can't be had everywhere: then this is skipped, and says why.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from servers import SOURCE  # noqa: E402

MODULE = "github.com/grafana/dashboard-linter"


def installed(place):
    """The linter's path, or why there is none."""
    found = os.environ.get("CURFEW_DASHBOARD_LINTER") or shutil.which("dashboard-linter")
    if found:
        return pathlib.Path(found), ""
    if not shutil.which("go"):
        return None, "neither it nor Go is installed"
    program = str(pathlib.Path(place) / "dashboard-linter")
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    for command in (["mod", "init", "linting"], ["get", "-tool", MODULE + "@latest"], ["build", "-o", program, MODULE]):
        try:
            done = subprocess.run(["go", *command], cwd=place, env=environment, capture_output=True, text=True, timeout=400)
        except subprocess.TimeoutExpired:
            return None, f"Go did not come back from `go {command[0]}` within 400 s"
        if done.returncode != 0:
            return None, f"`go {command[0]}` failed: " + " ".join(done.stderr.split())[-200:]
    return pathlib.Path(program), ""


def main():
    with tempfile.TemporaryDirectory() as place:
        linter, why_not = installed(place)
        if linter is None:
            print(f"skipped: needs dashboard-linter: {why_not}")
            return 77
        failed = 0
        for path in sorted((SOURCE / "dashboards/grafana").glob("*.json")):
            done = subprocess.run([linter, "lint", "--strict", path], capture_output=True, text=True)
            if done.returncode != 0:
                failed += 1
                print(f"{path.name}\n{done.stdout}{done.stderr}")
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
