"""The image without an engine: its instructions, and its steps replayed in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from containers import (
    IMAGE,
    OF_DEBIAN,
    OURS,
    ROOT,
    SERVICES,
    environment,
    is_ignored,
    parse,
    tracked,
)

from producers.file_names import find_files
from streaming import __version__
from streaming.machine.java import OLDEST_JAVA


def test_the_image_runs_gistream_as_a_user_of_its_own() -> None:
    user = IMAGE.last("USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert {service["user"] for service in OURS.values()} == {user}
    assert f"useradd --uid {user.split(':')[0]} " in " ".join(IMAGE.all("RUN"))
    assert yaml.safe_load(IMAGE.last("ENTRYPOINT")) == ["gistream"]


def test_what_is_copied_is_in_the_repository_and_reaches_the_build() -> None:
    for source in IMAGE.copied:
        files = tracked(source)
        assert files, source
        assert not [path for path in files if is_ignored(path)]


def test_nothing_else_reaches_the_build() -> None:
    for path in (
        ".git/config",
        ".venv/bin/python",
        "tests/support/installation.py",
        "models/my.gguf",
        "streaming/__pycache__/a.pyc",
    ):
        assert is_ignored(path), path
    reaching = {path for path in tracked(".") if not is_ignored(path)}
    assert reaching == {path for source in IMAGE.copied for path in tracked(source)}


def test_the_image_has_java_and_no_compiler() -> None:
    installed = [run for run in IMAGE.all("RUN", of=slice(-1, None)) if "apt-get install" in run]
    packages = re.findall(r"(?<=\s)(?!--)[a-z][a-z0-9.+-]+", installed[0].partition("install")[2].partition("&&")[0])
    assert packages == ["libgomp1", f"openjdk-{OLDEST_JAVA}-jre-headless"]
    # The Debian that has this Java.
    assert IMAGE.last("FROM").endswith("-bookworm")


def test_llama_cpp_is_not_built_for_the_processor_of_the_build() -> None:
    assert "-DGGML_NATIVE=OFF" in " ".join(IMAGE.all("ARG"))
    [build] = [run for run in IMAGE.all("RUN") if "llama-cpp-python" in run]
    assert "--no-binary llama-cpp-python" in build


@pytest.mark.timeout(180)
def test_the_dockerfile_replayed_in_an_empty_folder_makes_a_gistream_that_runs(tmp_path: Path) -> None:
    replayed = replay(tmp_path)
    prefix, data = tmp_path / "opt/gistream", tmp_path / "data"
    assert replayed.left_out == ["apt-get", "apt-get", "groupadd"]
    said = subprocess.run(
        ["gistream", "--version"], cwd=data, env=replayed.environment, capture_output=True, text=True, check=False
    )
    assert said.stdout.strip() == __version__, said.stderr
    code = "import producers.samples, sys; print(producers.samples.sample_folder(), sys.prefix)"
    found = subprocess.run(
        [str(prefix / "bin/python"), "-c", code], cwd=data, env=replayed.environment, capture_output=True, text=True
    )
    samples, used = found.stdout.split()
    assert samples.startswith(str(prefix))
    assert used == str(prefix)
    # What the compose file's producer sends.
    [path] = parse(SERVICES["producer"]["command"])[1]["paths"]
    assert path.is_absolute()
    sent = [file.name for file in find_files([tmp_path / path.relative_to("/")]).folders]
    assert sent == [file.name for file in find_files([ROOT / "examples/corpus"]).folders]
    assert sent == [file.name for file in find_files([Path(samples)]).folders]


@dataclass(frozen=True)
class Replayed:
    """The environment of the last stage, and the steps that were left out, by what they call."""

    environment: dict[str, str]
    left_out: list[str]


def replay(root: Path) -> Replayed:
    """Do in the folder `root` what the Dockerfile does in `/`; the steps that need Debian's root are left out.

    The new environment sees what is installed here, so that pip finds all requirements there and installs gistream
    alone: what is tested is the steps, not the index.
    """
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("GISTREAM_", "PYTHON", "VIRTUAL_ENV"))}
    left_out: list[str] = []
    for stage in IMAGE.stages:
        values = {**clean, "PATH": f"{Path(sys.executable).parent}:{clean['PATH']}"}
        place = root
        for step in stage:
            if step.word == "WORKDIR":
                place = root / step.rest.lstrip("/")
                place.mkdir(parents=True, exist_ok=True)
            elif step.word == "ENV":
                given = environment([step.rest.replace("$PATH", values["PATH"])])
                values |= {
                    name: value.replace("/opt/gistream", f"{root}/opt/gistream") for name, value in given.items()
                }
            elif step.word == "COPY" and "--from" not in step.rest:
                copy(shlex.split(step.rest), root, place)
            elif step.word == "RUN":
                command = re.sub(r"--mount=\S+ ", "", step.rest).replace("/opt/gistream", f"{root}/opt/gistream")
                if debian := OF_DEBIAN.search(command):
                    left_out.append(debian[0])
                    continue
                if "resolve_jars" in command and not borrow_jars(Path(values["M2_REPO"])):
                    continue
                done = subprocess.run(["sh", "-c", command], cwd=place, env=values, capture_output=True, text=True)
                assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
                if " -m venv " in command:
                    [packages] = (root / "opt/gistream/lib").glob("python*/site-packages")
                    (packages / "of-the-tests.pth").write_text(sysconfig.get_path("purelib"))
    return Replayed(values, left_out)


def copy(arguments: list[str], root: Path, place: Path) -> None:
    *sources, target = arguments
    to = root / target.lstrip("/") if target.startswith("/") else place / target
    for source in sources:
        for path in tracked(source):
            inside = Path(path).relative_to(source) if (ROOT / source).is_dir() else Path(path).name
            (to / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, to / inside)


def borrow_jars(repository: Path) -> bool:
    """Have the jars that the other suites have fetched; False when there are none, as 60 MB are not for a unit test."""
    fetched = Path.home() / ".m2" / "repository"
    if not (fetched / "org/apache/spark/spark-sql-kafka-0-10_2.13").is_dir():
        return False
    repository.symlink_to(fetched)
    return True
