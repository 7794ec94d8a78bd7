"""Every C and C++ file is as clang-format would write it."""
import shutil
import subprocess
import sys

import tree

if not shutil.which("clang-format"):
    print("skipped: clang-format is not installed (scripts/install_packages test)")
    sys.exit(77)
names = tree.files(".hpp", ".cpp", ".h", ".c")
result = subprocess.run(["clang-format", "--dry-run", "-Werror", *names], capture_output=True, text=True)
wrong = sorted({line.split(":")[0] for line in result.stderr.split("\n") if "error:" in line})
print("\n".join(wrong) if wrong else f"{len(names)} files are formatted")
sys.exit(1 if wrong or result.returncode else 0)
