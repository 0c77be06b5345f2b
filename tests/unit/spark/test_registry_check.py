"""A schema registry that cannot be used is said before anything starts, and is given up as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from schema_registry import schema_registry

from streaming.errors import RegistryAway, RegistryError
from streaming.operations.doctor import examine
from streaming.settings import Settings, load
from streaming.spark.prepare import prepare
from streaming.spark.supervision import Supervisor
from streaming.spark.watch import StopRequest


def settings_of(url: str, data_dir: Path) -> Settings:
    # Nobody listens there, and there is no model: the registry is asked before Kafka, and without a model.
    there = {"data_dir": data_dir, "bootstrap_servers": "127.0.0.1:9", "model": str(data_dir / "none.gguf")}
    return load({"format": "avro", "schema_registry": url, **there})


def test_a_start_and_doctor_say_that_the_registry_refuses_the_login(tmp_path: Path) -> None:
    with schema_registry(login="gistream:secret") as registry:
        settings = settings_of(registry.url, tmp_path)
        with pytest.raises(RegistryError, match="refuses the login"):
            prepare(settings)
        finding = next(finding for finding in examine(settings) if finding.check == "registry")
        assert (finding.state, finding.exit_code) == ("problem", 14)
        allowed = settings.model_copy(update={"schema_registry_login": "gistream:secret"})
        finding = next(finding for finding in examine(allowed) if finding.check == "registry")
        assert (finding.state, finding.said) == ("ok", f"the schema registry answers at {registry.url}")


def test_a_registry_that_stays_away_ends_a_run_as_what_it_is(tmp_path: Path) -> None:
    settings = settings_of("http://127.0.0.1:9", tmp_path).model_copy(update={"give_up_after": 0.001})
    supervisor = Supervisor(settings, stop=StopRequest(), on_restart=lambda _restart: None)
    error = RegistryAway("The schema registry does not answer.")
    supervisor.recover(error)
    with pytest.raises(RegistryError, match="Given up after") as caught:
        supervisor.recover(error)
    assert not caught.value.transient
