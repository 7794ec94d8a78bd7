"""Each dashboard against Grafana's own schema: the types that @grafana/schema is published with, by the TypeScript compiler.

An unknown field, a missing one or a wrong value is an error, in the dashboard's own fields and in the options of each kind of
panel. Both packages are $CURFEW_GRAFANA_SCHEMA (a folder with node_modules), or what npm gets into a folder of the test's
own. They can't be had everywhere: then this is skipped, and says why.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from servers import SOURCE  # noqa: E402

# The lowest Grafana that the dashboards are for.
PACKAGES = ("@grafana/schema@11.6.0", "typescript@5.4.5")
PANELS = {"stat": ("stat", "StatPanelCfg"), "timeseries": ("timeseries", "TimeSeriesPanelCfg"),
          "barchart": ("barchart", "BarChartPanelCfg"), "table": ("table", "TablePanelCfg")}


def packages(place):
    """The folder of the packages, or why there is none."""
    given = os.environ.get("CURFEW_GRAFANA_SCHEMA")
    if given:
        return pathlib.Path(given), ""
    if not shutil.which("npm") or not shutil.which("node"):
        return None, "npm or Node.js is not installed"
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES], cwd=place,
                              capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return None, "npm did not come back within 300 s"
    if done.returncode != 0:
        return None, "npm could not get them: " + " ".join(done.stderr.split())[-200:]
    return pathlib.Path(place), ""


def as_unions(text):
    """Enumerations as unions of their values: what JSON has is a value, which TypeScript takes for no enumerator."""
    def union(match):
        export, name, body = match.group(1) or "", match.group(2), match.group(3)
        members = re.findall(r"(\w+)\s*=\s*(\"[^\"]*\"|'[^']*'|-?\d+)", body)
        listed = "".join(f" export type {member} = {value};" for member, value in members)
        return (f"{export}declare type {name} = {' | '.join(value for _, value in members)};\n"
                f"{export}declare namespace {name} {{{listed} }}")
    return re.sub(r"(export )?(?:declare )?enum (\w+) \{(.*?)\n\}", union, text, flags=re.S)


def prepare(schema, place):
    """A copy of the package, which its types name themselves by, in which enumerations are unions."""
    made = place / "node_modules/@grafana/schema"
    for path in (*schema.rglob("*.d.ts"), *schema.rglob("*.d.[cm]ts"), schema / "package.json"):
        target = made / path.relative_to(schema)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text()
        target.write_text(text if path.suffix == ".json" else as_unions(text))


def checks(models):
    lines = ["import { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen';"]
    for folder, name in PANELS.values():
        lines.append(f"import * as {name} from '@grafana/schema/dist/esm/raw/composable/{folder}/panelcfg/x/{name}_types.gen';")
    for number, model in enumerate(models):
        lines.append(f"export const board_{number}: Dashboard = {json.dumps(model)};")
        for panel in model["panels"]:
            if panel["type"] == "row":
                continue
            name = PANELS[panel["type"]][1]
            at = f"{number}_{panel['id']}"
            lines.append(f"export const options_{at}: Partial<{name}.Options> = {json.dumps(panel['options'])};")
            custom = panel["fieldConfig"]["defaults"].get("custom")
            if custom is not None:
                lines.append(f"export const custom_{at}: Partial<{name}.FieldConfig> = {json.dumps(custom)};")
    return "\n".join(lines) + "\n"


def compiled(folder, place, models):
    (place / "check.ts").write_text(checks(models))
    return subprocess.run([folder / "node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022",
                           "--moduleResolution", "node", place / "check.ts"], capture_output=True, text=True, timeout=600)


def spoils(model):
    """What the check must refuse: each has one fault."""
    made = [json.loads(json.dumps(model)) for _ in range(5)]
    panels = [next(panel for panel in one["panels"] if panel["type"] == "stat") for one in made]
    made[0]["refresh"] = 7
    made[1]["nonsense"] = True
    made[2].pop("schemaVersion")
    panels[3]["gridPos"]["w"] = "wide"
    panels[4]["options"]["graphMode"] = "loud"
    return made


def main():
    with tempfile.TemporaryDirectory() as text:
        place = pathlib.Path(text)
        folder, why_not = packages(place)
        if folder is None:
            print(f"skipped: needs @grafana/schema: {why_not}")
            return 77
        prepare(folder / "node_modules/@grafana/schema", place)
        models = [json.loads(path.read_text()) for path in sorted((SOURCE / "dashboards/grafana").glob("*.json"))]
        done = compiled(folder, place, models)
        if done.returncode != 0:
            print(done.stdout[:6000] + done.stderr[:2000])
            return 1
        spoiled = spoils(models[0])
        text = compiled(folder, place, spoiled).stdout
        lines = checks(spoiled).splitlines()
        for number in range(len(spoiled)):
            mine = [i + 1 for i, line in enumerate(lines) if re.match(rf"export const \w+_{number}[_:]", line)]
            if not any(f"check.ts({line}," in text for line in mine):
                print(f"the check takes spoiled dashboard {number}:\n{text[:2000]}")
                return 1
        print(f"{len(models)} dashboards")
    return 0


if __name__ == "__main__":
    sys.exit(main())
