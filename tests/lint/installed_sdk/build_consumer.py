#!/usr/bin/env python3
"""Installs the SDK into an empty folder, builds a project of its own against it, and checks its plugins."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "describe", "version", "generator"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    os.umask(0o022)  # what others may write, Curfew does not load
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder) / "prefix"
        build = pathlib.Path(folder) / "build"
        run("cmake", "--install", options.build, "--component", "sdk", "--prefix", prefix)
        headers = sorted(p.relative_to(prefix / "include").as_posix() for p in (prefix / "include").rglob("*.h*"))
        expected = ["curfew/plugin/abi.h", "curfew/plugin/connector.hpp", "curfew/plugin/digest.hpp",
                    "curfew/plugin/names.hpp", "curfew/plugin/text.hpp"]
        if headers != expected:
            sys.exit(f"the SDK installs {headers}, not {expected}")
        run("cmake", "-S", HERE / "consumer", "-B", build, "-G", options.generator,
            f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCURFEW_ROOT={ROOT}", f"-DSDK_VERSION={options.version}")
        run("cmake", "--build", build)
        script = pathlib.Path(folder) / "script.ndjson"
        script.write_text('{"at":"+0s","type":"sign_in","session":"a","identifiers":{"upn":"alice@corp.test"}}\n')
        plugins = build / "lib" / "curfew" / "plugins"
        for name, settings in (("hello", {}), ("replay", {"script": str(script)})):
            plugin = plugins / f"{name}.so"
            symbols = [line.split()[-1] for line in run("nm", "-D", "--defined-only", plugin).splitlines()]
            if symbols != ["curfew_connector_v0"]:
                sys.exit(f"{plugin} exports {symbols}")
            flags = run("readelf", "-d", plugin)
            if "NOW" not in flags or "NODELETE" not in flags:
                sys.exit(f"{plugin} lacks -z now or -z nodelete:\n{flags}")
            said = run(options.describe, plugin, json.dumps(settings))
            if not said.startswith(f"{name} "):
                sys.exit(f"{plugin}: {said}")
            print(said.strip())
        if shutil.which("clang"):
            # The other compiler, and C as strict as it gets.
            run("clang", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only",
                f"-I{prefix / 'include'}", HERE / "consumer" / "abi_in_c.c")
            run("clang++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only",
                f"-I{prefix / 'include'}", HERE / "consumer" / "hello.cpp")


main()
