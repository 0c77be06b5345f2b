"""A Kafka as it is secured in the world: every command works with TLS, a login and the least rights, and hides secrets.

The rights are those of docs/security.md, and so are the options: both are read from the page.
"""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import psutil
import pytest
import tomllib
from acls import PAGE, documented_rights, grant
from command_here import gistream_here
from installation import command, command_environment, events, gistream
from secure_broker import CLIENT_SECRET, KEY_PASSWORD, PASSWORDS, SECRETS, SecureBroker, secure_broker

from streaming.messages import DeadLetter, Failure, Source

STEADY = Path(__file__).parents[1] / "support" / "steady_gistream.py"
TEXT = "The mill number {} burned on Tuesday. Anna saw the smoke first. The roof was gone by evening."


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A broker whose users have the rights of the page."""
    with secure_broker(tmp_path_factory.mktemp("secured")) as broker:
        secrets = broker.folder / "secrets"
        secrets.mkdir()
        for name, secret in {"client-secret": CLIENT_SECRET, "key-password": KEY_PASSWORD}.items():
            (secrets / name).write_text(secret)
        admin = broker.admin()
        grant(admin, documented_rights())
        admin.close()
        yield broker


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data dir, in which everything of this file happens."""
    return tmp_path_factory.mktemp("data")


def options_of_page(mechanism: str, kafka: SecureBroker, user: str) -> dict[str, str]:
    """Return the options that the page shows for a mechanism, with the places and the user of this test."""
    [block] = [
        block
        for block in re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
        if f'"{mechanism}"' in block or (mechanism == "certificate" and "ssl.keystore" in block)
    ]
    secrets = kafka.folder / "secrets"
    (secrets / "kafka-password").write_text(PASSWORDS.get(user, ""))
    own = {
        "/etc/gistream/authority.pem": str(kafka.authority.file),
        "/run/secrets": str(secrets),
        "https://id.example.org/token": kafka.provider.token_url,
        '"query"': f'"{user}"',
    }
    options: dict[str, str] = tomllib.loads(block)["kafka"]
    for shown, here in own.items():
        options = {name: value.replace(shown, here) for name, value in options.items()}
    return options


def environment(kafka: SecureBroker, options: dict[str, str], listener: str = "LOGIN") -> dict[str, str]:
    """Return the variables of a command that connects so."""
    return {
        "GISTREAM_BOOTSTRAP_SERVERS": kafka.servers(listener),
        "GISTREAM_KAFKA": json.dumps(options),
        "GISTREAM_STORE": "off",
        "GISTREAM_PARTITIONS": "1",
        "GISTREAM_REPRESENTATION": "given",
    }


def done(kafka: SecureBroker, user: str, *arguments: str, data_dir: Path) -> str:
    """Run a command as a user with a password; it must succeed, and show no secret. Returns what it printed."""
    options = options_of_page("SCRAM-SHA-512", kafka, user)
    # These two look at their output's encoding, or at their process.
    run = gistream if "--json" in arguments or "watch" in arguments else gistream_here
    ended = run(*arguments, data_dir=data_dir, **environment(kafka, options))
    assert ended.returncode == 0, f"{arguments}: {ended.stderr}"
    assert not secrets_in(ended.stdout + ended.stderr)
    return ended.stdout + ended.stderr


def secrets_in(text: str) -> list[str]:
    """Return the secrets that a text has."""
    return [secret for secret in SECRETS if secret in text]


@contextmanager
def running(arguments: list[str], log: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the context ends; its standard error goes to `log`."""
    with log.open("w") as file, subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=file, text=True, env=variables
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def ask(port: int, path: str) -> str:
    """Return the page at a path of a server on this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Connection": "close"})
    answer = connection.getresponse()
    if answer.status in (301, 302, 307):
        return ask(port, str(answer.headers["Location"]).partition(str(port))[2])
    assert answer.status == 200, path
    return answer.read().decode()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for_summaries(number: int, log: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run has told of summaries."""
    for _ in range(900):
        ended = [event for event in events(log.read_text()) if event["event"] == "batch"]
        if sum(event["records"] for event in ended) >= number:
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_everything_goes_through_tls_a_login_and_the_least_rights_and_no_secret_is_shown(
    kafka: SecureBroker, installation: Path, tmp_path: Path
) -> None:
    created = done(kafka, "administrator", "topics", "create", data_dir=installation)
    assert created.split()[1::2] == ["created"] * 3
    documents = tmp_path / "documents.jsonl"
    documents.write_text("".join(json.dumps({"id": f"d{n}", "text": TEXT.format(n)}) + "\n" for n in range(4)))
    assert "4 documents" in done(kafka, "producer", "produce", "jsonl", str(documents), data_dir=installation)

    # The hardest way to hide it: the secret stands in gistream.toml itself, so Spark's options have it.
    config, port = tmp_path / "gistream.toml", free_port()
    login = kafka.login("query")
    config.write_text("[kafka]\n" + "".join(f"{json.dumps(name)} = {json.dumps(v)}\n" for name, v in login.items()))
    config.chmod(0o600)
    variables = {**environment(kafka, {}), "GISTREAM_CONFIG": str(config), "STEADY_SPARK_UI": str(port)}
    del variables["GISTREAM_KAFKA"]
    log = tmp_path / "run.log"
    arguments = [sys.executable, str(STEADY), "0.02", "run", "--model", "sample"]
    with running(arguments, log, command_environment(installation, **variables)) as process:
        wait_for_summaries(4, log, process)
        pages = "".join(ask(port, path) for path in ("/environment/", "/SQL/", "/StreamingQuery/", "/jobs/"))
        for number in re.findall(r"/SQL/execution/\?id=(\d+)", pages):
            pages += ask(port, f"/SQL/execution/?id={number}")
        assert "spark.redaction.regex" in pages
        assert not secrets_in(pages)
        assert not secrets_in(command_lines())
        shown = done(kafka, "consumer", "status", "--json", data_dir=installation)
        assert json.loads(shown)["state"] == "healthy"
    assert process.returncode == 0, log.read_text()

    assert len(done(kafka, "consumer", "tail", "--until-end", "--json", data_dir=installation).splitlines()) == 4
    assert "4 summaries" in done(kafka, "consumer", "top", "--once", data_dir=installation)
    assert "missing: 0" in done(kafka, "consumer", "verify", data_dir=installation)
    assert "4" in done(kafka, "administrator", "topics", "describe", data_dir=installation)
    assert "d0" in done(kafka, "consumer", "topics", "peek", data_dir=installation)
    assert "*****" in done(kafka, "consumer", "config", "show", data_dir=installation)
    replay = [sys.executable, str(STEADY), "0.02", "replay", "--from", "earliest", "--output-topic", "shadow"]
    variables = environment(kafka, options_of_page("SCRAM-SHA-512", kafka, "replayer"))
    replayed = subprocess.run(
        replay, env=command_environment(installation, **variables), capture_output=True, text=True, check=False
    )
    assert "done: 4 summaries" in replayed.stdout + replayed.stderr
    assert not secrets_in(replayed.stdout + replayed.stderr)
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "a.txt").write_text(TEXT.format(8))
    done(kafka, "watcher", "produce", "watch", str(watched), "--once", "--settle", "0", data_dir=installation)
    check_dashboard(kafka, installation, tmp_path)
    check_redrive(kafka, installation)
    assert "d0" in done(kafka, "eraser", "forget", "d0", "--yes", data_dir=installation)
    summaries = done(kafka, "consumer", "tail", "--until-end", "--json", data_dir=installation).splitlines()
    assert {"id": "d0", "deleted": True}.items() <= json.loads(summaries[-1]).items()
    texts = [*(path for path in installation.rglob("*") if path.is_file()), log]
    assert any("spark.log" in path.name for path in texts)
    for path in texts:
        assert not secrets_in(path.read_bytes().decode("latin-1")), path


def command_lines() -> str:
    """Return the command lines of all processes but the broker's, which the test gave its users' passwords."""
    lines = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "StorageTool" not in line:
            lines.append(line)
    return "\n".join(lines)


def check_dashboard(kafka: SecureBroker, installation: Path, tmp_path: Path) -> None:
    """Have the dashboard show the summaries."""
    variables = environment(kafka, options_of_page("SCRAM-SHA-512", kafka, "consumer"))
    arguments = command("dashboard", "--port", "0")
    with running(arguments, tmp_path / "dashboard.log", command_environment(installation, **variables)) as process:
        assert process.stdout is not None
        port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
        for _ in range(300):
            feed = ask(port, "/api/feed")
            if len(json.loads(feed)["rows"]) == 4:
                break
            time.sleep(0.1)
        assert len(json.loads(feed)["rows"]) == 4
        assert not secrets_in(feed + ask(port, "/") + ask(port, "/api/overview"))


def check_redrive(kafka: SecureBroker, installation: Path) -> None:
    """Send a document that failed back to its topic."""
    value = json.dumps({"id": "late", "text": TEXT.format(9)}).encode()
    sent = kafka.send("documents", b"late", value)
    source = Source(topic="documents", partition=0, offset=sent.offset, timestamp=sent.timestamp)
    failure = Failure(stage="summarize", type="DeadlineExceeded", message="it took too long")
    letter = DeadLetter(key=b"late", value=value, headers=[], error=failure, source=source)
    kafka.send("dead-letters", b"late", value, headers=letter.kafka_headers())
    assert "sent: 1 of 1 document" in done(kafka, "redriver", "redrive", "--yes", data_dir=installation)
