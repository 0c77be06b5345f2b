"""docker-compose.yml, as far as it can be tested without an engine that runs containers."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml
from containers import (
    BROKER,
    COMPOSE,
    COMPOSE_TEXT,
    IMAGE,
    OURS,
    ROOT,
    SERVICES,
    VARIABLE,
    command_lines,
    environment,
    filled,
    listeners,
    mounts,
    parse,
    seconds,
    settings_of,
)

from streaming import __version__
from streaming.engine.model.model_file import SAMPLE
from streaming.machine.java import KAFKA
from streaming.settings import Settings


@pytest.fixture
def run_settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settings_of("summarizer", SERVICES["summarizer"]["command"], monkeypatch)


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
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", []))


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
    assert started_again == {"broker", "summarizer", "prometheus", "grafana"}
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
    lasting = (run_settings.logs_dir, run_settings.shared_dir / "tuning", run_settings.models_dir)
    for path in (run_settings.parquet, run_settings.checkpoint_location, *map(str, lasting)):
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
        [*client, "--file", str(ROOT / "docker-compose.yml"), "--profile", "*", "config"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(SERVICES)
