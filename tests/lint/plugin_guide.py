#!/usr/bin/env python3
"""The guide shows tested code: each snippet equals the marked part of the file that it names.

In docs/plugin-guide.md a line `<!-- FILE: NAME -->` stands before a code block; in FILE the part lies between
`[guide:NAME]` and `[/guide]`. With --write the blocks are brought up to date.
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "plugin-guide.md"
BLOCK = re.compile(r"(<!-- (?P<file>\S+): (?P<name>\S+) -->\n```\w*\n)(?P<code>.*?)(?=```\n)", re.S)


def part(file, name):
    text = (ROOT / file).read_text()
    found = re.search(r"^[^\n]*\[guide:%s\][^\n]*\n(.*?)^[^\n]*\[/guide\]" % re.escape(name), text, re.S | re.M)
    if not found:
        sys.exit(f"{file}: no part [guide:{name}]")
    return textwrap.dedent(found.group(1))


def main():
    guide = GUIDE.read_text()
    blocks = list(BLOCK.finditer(guide))
    if len(blocks) < 10:
        sys.exit(f"{GUIDE}: only {len(blocks)} snippets found; did the marks change?")
    if len(blocks) != guide.count("```cpp") + guide.count("```cmake"):
        sys.exit(f"{GUIDE}: a block of code has no mark that says where it is tested")
    if "--write" in sys.argv:
        GUIDE.write_text(BLOCK.sub(lambda m: m.group(1) + part(m["file"], m["name"]), guide))
        return
    stale = [f"{m['file']}: {m['name']}" for m in blocks if m["code"] != part(m["file"], m["name"])]
    for line in stale:
        print(f"docs/plugin-guide.md differs from {line}; run tests/lint/plugin_guide.py --write")
    print(f"{len(blocks)} snippets, {len(stale)} stale")
    sys.exit(1 if stale else 0)


main()
