"""The files that the lint tests look at: what git tracks or would track, nothing that is built."""
import subprocess


def files(*suffixes):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return sorted({name for name in listed if name.endswith(suffixes)})
