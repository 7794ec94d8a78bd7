"""Names that hide what a thing is, left-overs, and words that don't belong in the project."""
import re
import sys

import tree

problems = []
VAGUE = re.compile(r"(^|[/_])(utils?|helpers?|common|managers?|misc)([/_.]|$)")
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
# A path of whoever builds it, not of the project.
MACHINE = re.compile(r"(/root/|/home/[a-z]+/)")

names = tree.files(".hpp", ".cpp", ".h", ".c", ".py", ".sh", ".md", ".cmake", ".txt", ".yaml", ".json", ".go", "run",
                   "test", "build", "packages")
for name in names:
    if VAGUE.search(name):
        problems.append(f"{name}: the name does not say what it holds")
    with open(name, encoding="utf-8", errors="replace") as text:
        for line_number, line in enumerate(text, 1):
            if name.startswith("tests/fixtures/"):
                continue
            if LEFT_OVER.search(line):
                problems.append(f"{name}:{line_number}: left over: {line.strip()[:80]}")
            if MACHINE.search(line) and name != "tests/lint/names.py":
                problems.append(f"{name}:{line_number}: a path of one machine: {line.strip()[:80]}")
print("\n".join(problems) or f"{len(names)} files are clean")
sys.exit(1 if problems or not names else 0)
