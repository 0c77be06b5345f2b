"""Builds llama.cpp's own server from the sources of gistream's llama.cpp: `make llama-server`.

The sources are in the source distribution of llama-cpp-python, which pip downloads in the version of constraints.txt.
The server is build/llama-server, for `gistream bench --llama-server`. A second run finds it there. It takes about 7
minutes on 2 cores. Standard library only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
SERVER = BUILD / "llama-server"
PACKAGE = "llama-cpp-python"
# One program without libraries beside it, and nothing that is not needed to serve: no tests, no examples, no web page,
# no encryption.
OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "BUILD_SHARED_LIBS": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_EXAMPLES": "OFF",
    "LLAMA_BUILD_APP": "OFF",
    "LLAMA_USE_PREBUILT_UI": "OFF",
    "LLAMA_OPENSSL": "OFF",
}


def main() -> int:
    """Build the server, or say in one sentence why not; returns the exit code."""
    version = pinned_version((ROOT / "constraints.txt").read_text())
    stamp = SERVER.with_suffix(".version")
    if SERVER.exists() and stamp.exists() and stamp.read_text() == version:
        print(f"{SERVER} is there, of {PACKAGE} {version}")
        return 0
    if shutil.which("cmake") is None:
        print(
            "llama-server cannot be built: there is no cmake; install it (Debian: apt install cmake).", file=sys.stderr
        )
        return 7
    try:
        built = build(unpack(download(version)), BUILD / f"llama-server-{version}")
    except subprocess.CalledProcessError as error:
        print(f"llama-server cannot be built: {error.cmd[0]} failed; its words are above.", file=sys.stderr)
        return 1
    shutil.copy2(built, SERVER)
    stamp.write_text(version)
    print(f"{SERVER} is built; measure it with: gistream bench --llama-server {SERVER}")
    return 0


def pinned_version(constraints: str) -> str:
    """Return the version of llama-cpp-python that gistream is tested with."""
    pin = re.search(rf"(?m)^{PACKAGE.replace('-', '_')}==([^\s;]+)", constraints)
    if pin is None:
        raise SystemExit(f"llama-server cannot be built: constraints.txt names no version of {PACKAGE}.")
    return pin[1]


def download(version: str) -> Path:
    """Have pip download the source distribution; returns the file."""
    say(f"downloading the sources in {PACKAGE} {version}")
    folder = BUILD / "sources"
    run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--no-binary", PACKAGE, "--dest", str(folder), f"{PACKAGE}=={version}"),
    )
    return next(folder.glob(f"*{version}.tar.gz"))


def unpack(archive: Path) -> Path:
    """Unpack the sources; returns the folder of llama.cpp's own."""
    with tarfile.open(archive) as file:
        # Older versions of 3.10 and 3.11 do not have filters.
        if hasattr(tarfile, "data_filter"):
            file.extractall(archive.parent, filter="data")
        else:
            file.extractall(archive.parent)
    return archive.parent / archive.name.removesuffix(".tar.gz") / "vendor" / "llama.cpp"


def build(sources: Path, folder: Path) -> Path:
    """Build the server in `folder`; returns it."""
    say("building llama-server: about 7 minutes on 2 cores")
    run("cmake", "-S", str(sources), "-B", str(folder), *(f"-D{name}={value}" for name, value in OPTIONS.items()))
    run("cmake", "--build", str(folder), "--target", "llama-server", "--parallel", str(os.cpu_count() or 1))
    return folder / "bin" / "llama-server"


def run(*command: str) -> None:
    """Run a command whose output goes to the terminal; raises `CalledProcessError`."""
    subprocess.run(command, check=True)


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
