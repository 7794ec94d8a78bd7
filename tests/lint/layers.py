"""Each folder of core/ uses only what stands to its left in docs/architecture.md; plugins use the SDK and core/jose
alone, and core/jose uses nothing of ours."""
import re
import sys

import tree

ORDER = ["jose", "base", "metrics", "model", ("connector", "session", "policy", "enforcement", "ledger"), "engine",
         "store", "report", "outlet", "api", "app"]
RANK = {}
for rank, group in enumerate(ORDER):
    for folder in (group,) if isinstance(group, str) else group:
        RANK[folder] = rank

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
problems = []
checked = 0


def check(name, line_number, target):
    parts = name.split("/")
    if target.startswith("core/"):
        used = target.split("/")[1]
        if parts[0] == "include" or parts[0] == "plugins" and used != "jose":
            problems.append(f"{name}:{line_number}: {parts[0]}/ may not use {target}: plugins see the SDK alone")
        elif parts[0] == "core":
            own = parts[1]
            if used != own and RANK[used] >= RANK[own]:
                problems.append(f"{name}:{line_number}: core/{own} may not use core/{used}")
    if name.startswith("core/jose/") and target.startswith(("curfew/", "plugins/")):
        problems.append(f"{name}:{line_number}: core/jose may not use {target}")
    if "curfew/plugin/" in target and parts[0] == "core" and parts[1] != "connector":
        problems.append(f"{name}:{line_number}: only core/connector sees the plugin ABI")
    if target.startswith("tests/") and parts[0] != "tests":
        problems.append(f"{name}:{line_number}: what ships may not use {target}")


for name in tree.files(".hpp", ".cpp", ".h", ".c"):
    if not name.startswith(("core/", "plugins/", "include/")):
        continue
    if name.startswith("core/") and name.split("/")[1] not in RANK:
        problems.append(f"{name}: core/{name.split('/')[1]} is not a layer")
        continue
    checked += 1
    with open(name, encoding="utf-8") as source:
        for line_number, line in enumerate(source, 1):
            if match := INCLUDE.match(line):
                check(name, line_number, match.group(1))

if checked == 0:
    problems.append("no source was found: run it from the project's root")
print("\n".join(problems) or f"{checked} files keep the layers")
sys.exit(1 if problems else 0)
