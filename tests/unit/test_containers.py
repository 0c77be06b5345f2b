"""Dockerfile and docker-compose.yml, as far as they can be tested without an engine that runs containers."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer.main
import yaml

from producers.files import find_files
from streaming import __version__
from streaming.cli import app
from streaming.engine.model_file import SAMPLE
from streaming.java import KAFKA, OLDEST_JAVA
from streaming.settings import Settings, load, pairs

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "broker"}
BROKER = SERVICES["broker"]
# ${NAME:-default} or ${NAME}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
# Steps that only an image's own Debian can do, as root.
OF_DEBIAN = re.compile(r"\b(apt-get|groupadd)\b")


def filled(value: Any) -> str:
    """Return a value of the compose file as it is when no variable is set."""
    return VARIABLE.sub(lambda found: found[2] or "", str(value))


def command_lines() -> list[tuple[str, list[str]]]:
    """Return (service, arguments of gistream) of every command and health check."""
    lines = [(name, service["command"]) for name, service in OURS.items()]
    for name, service in OURS.items():
        if (test := service.get("healthcheck", {}).get("test")) is not None:
            assert test[:2] == ["CMD", "gistream"], name
            lines.append((name, test[2:]))
    return lines


def parse(arguments: list[str]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Have the real command line read `arguments`; returns the command and its parameters. Runs nothing."""
    found: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def record(command: Any, path: tuple[str, ...] = ()) -> None:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                record(inner, (*path, name))
        else:
            command.callback = lambda **values: found.append((path, values))

    command = typer.main.get_command(app)
    record(command)
    command.main(list(arguments), standalone_mode=False)
    [read] = found
    return read


def settings_of(service: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that a command of `service` has in its container."""
    with monkeypatch.context() as container:
        for name, value in {**IMAGE.environment, **OURS[service]["environment"]}.items():
            if value is not None and name.startswith("GISTREAM_"):
                container.setenv(name, filled(value))
        _, values = parse(arguments)
        given = {n: v for n, v in values.items() if n in Settings.model_fields and v not in (None, ())}
        given |= {n: pairs(list(given[n]), f"--{n}") for n in ("kafka", "field") if n in given}
        return load(given)


@pytest.fixture
def run_settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settings_of("summarizer", SERVICES["summarizer"]["command"], monkeypatch)


def seconds(duration: str) -> int:
    found = re.fullmatch(r"(\d+)(s|m)", duration)
    assert found, duration
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


def mounts(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Return what is mounted where: the source, and whether it is read-only, by the path in the container."""
    read = [filled(mount).split(":") for mount in service.get("volumes", [])]
    return {target: (source, "ro" in options) for source, target, *options in read}


def listeners(name: str) -> dict[str, tuple[str, int]]:
    """Return (host, port) of each listener that a variable of the broker lists."""
    return {
        listener: (address.rpartition(":")[0], int(address.rpartition(":")[2]))
        for listener, _, address in (one.partition("://") for one in BROKER["environment"][name].split(","))
    }


@dataclass(frozen=True)
class Instruction:
    word: str
    rest: str


@dataclass(frozen=True)
class Image:
    """The Dockerfile: its instructions, a list for each stage; the last is what runs."""

    stages: list[list[Instruction]]

    @classmethod
    def read(cls, text: str) -> Image:
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        lines = [line.strip() for line in re.sub(r"\\\n\s*", "", code).splitlines()]
        stages: list[list[Instruction]] = []
        for line in filter(None, lines):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                stages.append([])
            stages[-1].append(Instruction(word, rest.strip()))
        return cls(stages)

    def all(self, word: str, *, of: slice = slice(None)) -> list[str]:
        return [one.rest for stage in self.stages[of] for one in stage if one.word == word]

    def last(self, word: str) -> str:
        return self.all(word, of=slice(-1, None))[-1]

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.all("ENV", of=slice(-1, None)))

    @property
    def copied(self) -> list[str]:
        """What is copied out of the repository."""
        copies = [shlex.split(copy) for copy in self.all("COPY") if "--from" not in copy]
        return [source for copy in copies for source in copy[:-1]]


def environment(lines: list[str]) -> dict[str, str]:
    return {name: value for line in lines for name, _, value in (word.partition("=") for word in shlex.split(line))}


IMAGE = Image.read((ROOT / "Dockerfile").read_text())


def is_ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps `path` out of the build: the last line that matches it, or a parent, counts."""
    ignored = False
    here = PurePosixPath(path)
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        if any(matches(str(one), pattern) for one in (here, *here.parents) if str(one) != "."):
            ignored = not line.startswith("!")
    return ignored


def matches(path: str, pattern: str) -> bool:
    """Match as .dockerignore does, for what ours uses: a star within a part of a path, `**/` for any folders."""
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(PurePosixPath(path).name, pattern.removeprefix("**/"))
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def tracked(path: str) -> list[str]:
    """Return the files of the repository that are `path` or below it, new ones too."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", path]
    return subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    ("service", "arguments"), command_lines(), ids=lambda value: value if isinstance(value, str) else value[0]
)
def test_every_command_and_its_settings_are_gistreams(
    service: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A flag or a variable that gistream does not know raises.
    settings_of(service, arguments, monkeypatch)


def test_the_demo_in_containers_does_what_the_demo_does() -> None:
    assert {name: parse(service["command"])[0] for name, service in OURS.items()} == {
        "topics": ("topics", "create"),
        "producer": ("produce", "files"),
        "summarizer": ("run",),
        "tail": ("tail",),
    }


def test_all_services_speak_of_the_same_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Settings()
    for name, arguments in command_lines():
        found = settings_of(name, arguments, monkeypatch)
        for setting in ("input_topic", "input_pattern", "output_topic", "dead_letter_topic"):
            assert getattr(found, setting) == getattr(defaults, setting), f"{name}: {setting}"


def test_clients_use_an_address_that_the_broker_tells_them(monkeypatch: pytest.MonkeyPatch) -> None:
    told = listeners("KAFKA_ADVERTISED_LISTENERS")
    for name, arguments in command_lines():
        assert settings_of(name, arguments, monkeypatch).servers == "broker:9092"
    assert told["INSIDE"] == ("broker", 9092)
    assert ":".join(map(str, told["INSIDE"])) in BROKER["healthcheck"]["test"]


def test_this_machine_and_no_other_reaches_the_broker() -> None:
    assert BROKER["ports"] == ["127.0.0.1:19092:19092"]
    assert listeners("KAFKA_ADVERTISED_LISTENERS")["HOST"] == ("localhost", 19092)
    assert not [name for name, service in OURS.items() if "ports" in service]


def test_the_brokers_listeners_fit_together() -> None:
    values = BROKER["environment"]
    bound, told = listeners("KAFKA_LISTENERS"), listeners("KAFKA_ADVERTISED_LISTENERS")
    protocols = dict(one.split(":") for one in values["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols) == set(bound) == {*told, values["KAFKA_CONTROLLER_LISTENER_NAMES"]}
    assert {name: port for name, (_, port) in told.items()}.items() <= {n: p for n, (_, p) in bound.items()}.items()
    assert values["KAFKA_INTER_BROKER_LISTENER_NAME"] in told
    host, port = bound["CONTROLLER"]
    assert values["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"{values['KAFKA_NODE_ID']}@{host}:{port}"
    assert host == "localhost"


def test_a_mistyped_topic_is_an_error_as_on_the_embedded_broker() -> None:
    assert BROKER["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_kafka_is_the_version_that_gistream_is_tested_with() -> None:
    assert BROKER["image"] == f"apache/kafka:{KAFKA[0].rpartition(':')[2]}"


def test_nothing_is_used_before_it_is_there() -> None:
    assert BROKER["healthcheck"]["test"][1].startswith("/opt/kafka/bin/")
    assert SERVICES["topics"]["depends_on"] == {"broker": {"condition": "service_healthy"}}
    for name in ("producer", "summarizer", "tail"):
        assert SERVICES[name]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}, name


def test_what_runs_for_ever_is_looked_after() -> None:
    started_again = {name for name, service in SERVICES.items() if "restart" in service}
    assert started_again == {"broker", "summarizer"}
    assert started_again == {name for name, service in SERVICES.items() if "healthcheck" in service}


def test_the_health_check_looks_at_the_sinks_of_the_run(
    run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = SERVICES["summarizer"]["healthcheck"]["test"][2:]
    assert parse(check)[0] == ("doctor",)
    assert settings_of("summarizer", check, monkeypatch) == run_settings


def test_no_container_is_root_or_may_become_it() -> None:
    for name, service in SERVICES.items():
        assert service["user"] not in ("root", "0", "0:0"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service), name


def test_gistreams_containers_write_to_their_volumes_and_to_tmp_alone() -> None:
    for name, service in OURS.items():
        assert service["read_only"], name
        # Snappy, LZ4 and Zstandard are unpacked there by the JVM and loaded; a tmpfs would forbid it by default.
        assert service["tmpfs"] == ["/tmp:exec,mode=1777,size=256m"], name


def test_every_container_has_a_memory_limit() -> None:
    assert all(re.fullmatch(r"\d+[mg]", filled(service["mem_limit"])) for service in SERVICES.values())


def test_sparks_memory_and_more_fits_the_summarizer(run_settings: Settings) -> None:
    limit, heap = filled(SERVICES["summarizer"]["mem_limit"]), run_settings.driver_memory
    assert limit[-1] == heap[-1] == "g"
    assert int(limit[:-1]) >= 2 * int(heap[:-1])


def test_a_stop_waits_longer_than_gistream_does(run_settings: Settings) -> None:
    # Spark needs its own 30 s (spark.sql.streaming.stopTimeout) after the grace.
    assert seconds(SERVICES["summarizer"]["stop_grace_period"]) >= run_settings.grace + 30
    # Else process 1 is gistream, and nobody reaps its workers.
    assert all(service["init"] for service in OURS.values())


def test_what_must_last_is_on_volumes_that_gistream_may_write_to(run_settings: Settings) -> None:
    mounted = mounts(SERVICES["summarizer"])
    made = re.search(r"install --directory --owner gistream --group gistream ([^&]+)", " ".join(IMAGE.all("RUN")))
    assert made
    for path in (run_settings.parquet, run_settings.checkpoint_location, str(run_settings.logs_dir)):
        [target] = [target for target in mounted if path == target or str(path).startswith(f"{target}/")]
        source, read_only = mounted[target]
        assert source in COMPOSE["volumes"]
        assert not read_only
        assert target in made[1].split()
    assert IMAGE.environment["HF_HOME"].startswith("/data/")
    assert mounted["/models"] == ("./models", True)


def test_every_volume_is_declared_and_used() -> None:
    named = {
        source
        for service in SERVICES.values()
        for source, _ in mounts(service).values()
        if not source.startswith((".", "/"))
    }
    assert named == set(COMPOSE["volumes"])
    assert mounts(BROKER) == {BROKER["environment"]["KAFKA_LOG_DIRS"]: ("kafka", False)}


def test_the_model_is_the_sample_unless_the_user_says_otherwise(run_settings: Settings) -> None:
    assert run_settings.model == SAMPLE
    assert SERVICES["summarizer"]["environment"]["GISTREAM_MODEL"].startswith("${GISTREAM_MODEL:-")


def test_a_variable_of_the_file_is_its_own_setting_or_not_called_like_one() -> None:
    # `gistream` itself, run beside the file, refuses GISTREAM_ variables that are no settings.
    for service in OURS.values():
        for name, value in service["environment"].items():
            assert not (used := VARIABLE.match(str(value))) or used[1] == name
    known = {f"GISTREAM_{name.upper()}" for name in Settings.model_fields}
    assert {name for name, _ in VARIABLE.findall(COMPOSE_TEXT) if name.startswith("GISTREAM_")} <= known


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()] + [rest.split()[0] for rest in IMAGE.all("FROM")]
    for image in images:
        name, colon, tag = image.rpartition(":")
        assert name, image
        assert colon, image
        assert tag != "latest"
    assert {service["image"] for service in OURS.values()} == {f"gistream:{__version__}"}
    assert environment(IMAGE.all("LABEL"))["org.opencontainers.image.version"] == __version__


def compose_client() -> list[str] | None:
    for client in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(client[0]):
            done = subprocess.run([*client, "version", "--short"], capture_output=True, text=True, check=False)
            if done.returncode == 0 and int(done.stdout.strip().removeprefix("v").split(".")[0]) >= 2:
                return client
    return None


def test_docker_compose_itself_takes_the_file() -> None:
    if (client := compose_client()) is None:
        pytest.skip("there is no docker compose of version 2 or newer here")
    done = subprocess.run(
        [*client, "--file", str(ROOT / "docker-compose.yml"), "config"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(SERVICES)


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
        "tests/support.py",
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
    code = "import streaming.demo, sys; print(streaming.demo._samples(), sys.prefix)"
    found = subprocess.run(
        [str(prefix / "bin/python"), "-c", code], cwd=data, env=replayed.environment, capture_output=True, text=True
    )
    samples, used = found.stdout.split()
    assert samples.startswith(str(prefix))
    assert used == str(prefix)
    # What the compose file's producer sends.
    [path] = parse(SERVICES["producer"]["command"])[1]["paths"]
    assert path.is_absolute()
    sent = [file.name for file in find_files([tmp_path / path.relative_to("/")])]
    assert sent == [file.name for file in find_files([ROOT / "examples/corpus"])]
    assert sent == [file.name for file in find_files([Path(samples)])]


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
