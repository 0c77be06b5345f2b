"""`gistream model`, with a hub on loopback and the real model file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_stand_in import LIST_OF_CALLERS, Hub, serve, sha256
from installation import gistream
from split_gguf import split_in_two

from streaming.engine import describe_model, open_model
from streaming.engine.model.memory import predict
from streaming.engine.model.model_file import sample_path
from streaming.errors import ModelError

ROOT = Path(__file__).parents[2]
REFERENCE = "hf://test/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SPLIT = "hf://test/smollm2/SmolLM2-135M-Instruct.Q4_1-00001-of-00002.gguf"

# Loads an engine, gives a slot of each lane a prompt longer than a prefill and another a short one, and prints by how
# many bytes the process has grown. What the other slots will take they have from the start.
PROBE = """
import asyncio, sys, psutil
from pathlib import Path
from streaming.engine.lanes.batching import BatchingEngine
from streaming.engine.lanes.llama import Weights
from streaming.protocol import GenerationRequest, Message, Sampling
slots, lanes, context, own = *map(int, sys.argv[2:]), psutil.Process()
before = own.memory_info().rss
engine = BatchingEngine(Weights(Path(sys.argv[1])), slots=slots, lanes=lanes, context=context, threads=2, ubatch=512)
async def ask():
    texts = ["The mill burned on Tuesday. " * (100 if n < lanes else 1) for n in range(min(slots, 2 * lanes))]
    requests = [GenerationRequest((Message("user", text),), Sampling(), max_tokens=4) for text in texts]
    await asyncio.gather(*map(engine.generate, requests))
asyncio.run(ask())
print(own.memory_info().rss - before)
engine.close()
"""


def sample() -> Path:
    path = sample_path()
    assert path is not None
    return path


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that has the sample model, in one file and in two."""
    first = split_in_two(sample(), tmp_path_factory.mktemp("parts"))
    files = {path.name: path.read_bytes() for path in (sample(), *sorted(first.parent.iterdir()))}
    with serve(Hub(files={"test/smollm2": files})) as running:
        yield running


@pytest.fixture
def environment(hub: Hub, tmp_path: Path) -> dict[str, str]:
    return {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_TELEMETRY": "0"}


def facts(stdout: str) -> dict[str, str]:
    return {line[:16].strip(): line[16:].strip() for line in stdout.splitlines()}


@pytest.mark.parametrize("reference", [REFERENCE, SPLIT], ids=["one file", "split"])
def test_a_model_is_pulled_from_a_hub_listed_and_described_without_it(
    hub: Hub, tmp_path: Path, environment: dict[str, str], reference: str
) -> None:
    pulled = gistream("model", "pull", reference, data_dir=tmp_path, **environment)
    assert pulled.returncode == 0, pulled.stderr
    shown_facts = facts(pulled.stdout)
    assert Path(shown_facts["file"]).name == reference.rpartition("/")[2]
    # The library would first ask the hub for a list by which to tell who is calling.
    assert LIST_OF_CALLERS not in [path for _, path in hub.requests]

    # As given, because what the CPU favours has other weights.
    offline = {**environment, "HF_ENDPOINT": "http://127.0.0.1:1", "GISTREAM_REPRESENTATION": "given"}
    described = gistream("model", "show", reference, "--json", data_dir=tmp_path, **offline)
    assert described.returncode == 0, described.stderr
    description = json.loads(described.stdout)
    assert description["path"] == shown_facts["file"]
    assert description["sha256"] == shown_facts["sha256"]
    assert (description["architecture"], description["representation"], description["context"]) == (
        "llama",
        "Q4_1",
        8192,
    )
    assert (description["chat_template"], description["licence"]) == (True, "apache-2.0")
    assert description["memory"]["weights"] == pytest.approx(sample().stat().st_size, rel=0.001)

    listed = gistream("model", "list", "--json", data_dir=tmp_path, **offline)
    assert [model["model"] for model in json.loads(listed.stdout)["models"]] == ["sample", reference]

    again = gistream("model", "pull", reference, data_dir=tmp_path, **offline)
    assert again.returncode == 0
    assert "This is what was there before" in again.stderr
    assert facts(again.stdout) == shown_facts


def test_a_split_model_generates_from_the_cache(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled = gistream("model", "pull", SPLIT, "--json", data_dir=tmp_path, **environment)
    path = json.loads(pulled.stdout)["path"]
    process = subprocess.run(
        [sys.executable, "-c", PROBE, path, "1", "1", "1024"], cwd=ROOT, capture_output=True, check=False
    )
    assert process.returncode == 0, process.stderr


def test_the_sample_is_described_for_people(tmp_path: Path) -> None:
    process = gistream("model", "show", "--slots", "2", "--context", "1024", data_dir=tmp_path)
    shown_facts = facts(process.stdout)
    assert shown_facts["model"] == "sample"
    assert shown_facts["licence"] == "apache-2.0"
    assert shown_facts["chat template"] == "yes"
    assert shown_facts["sha256"] == sha256(sample().read_bytes())
    assert "2 slots of 1,024 tokens" in shown_facts["memory needed"]
    assert shown_facts["memory here"].endswith("enough")


def test_what_does_not_fit_says_what_to_lower(tmp_path: Path) -> None:
    process = gistream("model", "show", "--slots", "256", "--context", "8192", "--json", data_dir=tmp_path)
    memory = json.loads(process.stdout)["memory"]
    shown_facts = facts(gistream("model", "show", "--slots", "256", "--context", "8192", data_dir=tmp_path).stdout)
    if memory["total"] > memory["available"]:
        assert "not enough; lower --slots to " in shown_facts["memory here"]
    else:
        assert shown_facts["memory here"].endswith(": enough")


@pytest.mark.parametrize(
    ("reference", "code", "words"),
    [
        ("hf://test/smollm2/other.gguf", 3, "has no file other.gguf"),
        ("hf://test/nothing/m.gguf", 3, "HF_TOKEN"),
        ("hf://smollm2", 3, "hf://owner/repo/file.gguf"),
        ("model.gguf", 2, "is not on a hub"),
    ],
)
def test_what_cannot_be_pulled_is_one_sentence(
    tmp_path: Path, environment: dict[str, str], reference: str, code: int, words: str
) -> None:
    process = gistream("model", "pull", reference, data_dir=tmp_path, **environment)
    assert process.returncode == code, process.stderr
    assert len(process.stderr.strip().splitlines()) == 1
    assert words in process.stderr


def test_a_base_model_is_described_and_not_run(tmp_path: Path) -> None:
    base = tmp_path / "base.gguf"
    base.write_bytes(sample().read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_no_thing", 1))
    assert not describe_model(str(base)).chat_template
    with pytest.raises(ModelError, match="no chat template"):
        open_model(str(base))


@pytest.mark.parametrize(("slots", "lanes", "context"), [(1, 1, 1024), (4, 1, 2048), (4, 2, 2048), (16, 1, 1024)])
def test_the_memory_that_is_predicted_is_what_an_engine_takes(slots: int, lanes: int, context: int) -> None:
    model = open_model("sample")
    command = [sys.executable, "-c", PROBE, str(model.path), str(slots), str(lanes), str(context)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    predicted = predict(model.shape, file_bytes=model.file_bytes, slots=slots, lanes=lanes, context=context).total
    assert predicted == pytest.approx(int(process.stdout), rel=0.15)
