"""One SparkSession for all tests with a fake engine, and a way to run a query in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_engines import FakeRecipe
from pyspark.sql import SparkSession
from secure_broker import SecureBroker, secure_broker
from spark_queries import MakePlan

from streaming.engine import ModelFile, open_model
from streaming.planning.layout import plan_layout
from streaming.settings import Settings, load
from streaming.spark.jvm.session import spark_session
from streaming.spark.prepare import Plan, prepare


@pytest.fixture(scope="session")
def spark(data_dir: Path) -> Iterator[SparkSession]:
    settings = load({"data_dir": data_dir, "master": "local[2]"})
    with spark_session(settings, plan_layout(settings)) as session:
        yield session


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A Kafka that nobody may use who has no login and no right; its topic `documents` has one record."""
    with secure_broker(tmp_path_factory.mktemp("secured")) as broker:
        admin = broker.admin()
        admin.create_topics({"documents": {"num_partitions": 1}})
        admin.close()
        broker.send("documents", b"a", b"A text.")
        yield broker


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


@pytest.fixture(scope="session")
def model() -> ModelFile:
    """The sample model; to describe it takes a second and a process."""
    return open_model("sample")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with the model as given: each start would check the file of another representation, used by no test."""
    return settings.model_copy(update={"representation": "given"})


@pytest.fixture
def plan(settings: Settings, model: ModelFile, log: Path) -> MakePlan:
    """Make the plan of a query with a fake engine; settings may be changed by name."""

    def make(seconds: float = 0.0, **changes: object) -> Plan:
        changed = settings.model_copy(update={"master": "local[2]", **changes})
        prepared = prepare(changed, model)
        work = replace(prepared.task_plan.work, engine=FakeRecipe(str(log), seconds))
        return replace(prepared, task_plan=replace(prepared.task_plan, work=work))

    return make
