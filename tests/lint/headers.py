"""Every header compiles alone: what it needs, it includes."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

import tree

arguments = argparse.ArgumentParser()
arguments.add_argument("--compiler", required=True)
arguments.add_argument("--build", required=True)
arguments = arguments.parse_args()

# The include paths of the build, so that a header is judged as its users compile it.
flags = set()
for command in json.load(open(os.path.join(arguments.build, "compile_commands.json"), encoding="utf-8")):
    words = command["command"].split()
    for position, word in enumerate(words):
        if word.startswith("-I"):
            flags.add(word)
        elif word == "-isystem":
            flags.add("-isystem" + words[position + 1])
cache = os.path.join(arguments.build, "self_contained_headers")
os.makedirs(cache, exist_ok=True)


def digest_of(base, used):
    digest = hashlib.sha256(" ".join(base).encode())
    for name in used:
        digest.update(open(name, "rb").read() if os.path.exists(name) else b"gone")
    return digest.hexdigest()


def problem(name):
    """What is wrong with one header; remembered by the digest of all that it included."""
    language = "c" if name.endswith(".h") else "c++"
    standard = "-std=c11" if language == "c" else "-std=c++20"
    stamp = os.path.join(cache, re.sub(r"\W", "_", name))
    base = [arguments.compiler, "-x", language, standard, *sorted(flags)]
    if os.path.exists(stamp):
        known, *used = open(stamp, encoding="utf-8").read().split("\n")
        if used and known == digest_of(base, used):
            return ""
    rule = stamp + ".d"
    result = subprocess.run([*base, "-fsyntax-only", "-MMD", "-MT", "it", "-MF", rule, "-include",
                             os.path.abspath(name), "/dev/null"], capture_output=True, text=True)
    if result.returncode:
        return f"{name} does not compile alone:\n{result.stderr[:2000]}"
    with open(rule, encoding="utf-8") as made:
        used = made.read().replace("\\\n", " ").split()[2:]
    with open(stamp, "w", encoding="utf-8") as out:
        out.write("\n".join([digest_of(base, used), *used]))
    return ""


FIRST = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def first_included(source):
    with open(source, encoding="utf-8") as text:
        match = re.search(r"^\s*#\s*include.*$", text.read(), re.M)
    own = FIRST.match(match.group(0)) if match else None
    return own.group(1) if own else None


# What a compiled source includes before all else was compiled alone with it.
compiled = {first_included(name) for name in tree.files(".cpp") if name.startswith(("core/", "plugins/"))}
names = [name for name in tree.files(".hpp", ".h") if not name.startswith("tests/") and name not in compiled]
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    problems = [text for text in pool.map(problem, names) if text]
print("\n".join(problems) or f"{len(names)} headers compile alone")
sys.exit(1 if problems or not names else 0)
