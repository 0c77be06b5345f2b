"""Every path may have any name that its disk takes, also with the locale of a bare container."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from installation import gistream

from streaming.engine.model.model_file import sample_path
from streaming.kafka.broker import EmbeddedBroker
from streaming.machine.java import jar_folder
from streaming.settings import load

# What separates paths in Kafka's and Spark's settings, quotes them, or begins something else; 150 characters.
NASTY = "J\u00fcrgen, o#1 %20e:n=x'y\"z\\w$HOME ${x} [a] {b} \u65e5\u672c" + "l" * 100
STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."


def test_every_path_may_have_a_nasty_name(tmp_path: Path) -> None:
    place = tmp_path / NASTY
    for folder in ("tmp", "prompts"):
        (place / folder).mkdir(parents=True)
    (place / "prompts" / "mine.toml").write_text('system = "Summarize."')
    (place / "story, \u00fc.txt").write_text(STORY)
    model = sample_path()
    assert model is not None
    (place / "model, #1.gguf").symlink_to(model)
    data_dir, archive = place / "data", place / "archive"
    # The jars of a user with such a home; a ':' no class path can name, and no home has one.
    jars = tmp_path / NASTY.replace(":", "")
    jars.symlink_to(jar_folder())
    # Without a locale Java would take every umlaut for a question mark.
    environment = {"LC_ALL": "C", "TMPDIR": str(place / "tmp"), "M2_REPO": str(jars)}
    broker = EmbeddedBroker(load({"data_dir": data_dir}))
    try:
        # Twice: a second start must find the data of the first.
        for _ in range(2):
            done = gistream("broker", "start", data_dir=data_dir, **environment)
            assert done.returncode == 0, done.stderr
            done = gistream("topics", "create", data_dir=data_dir, **environment)
            assert done.returncode == 0, done.stderr
            created = done.stdout
            assert broker.stop()
        assert "was there" in created
        broker.start()
        gistream("produce", "files", str(place / "story, \u00fc.txt"), data_dir=data_dir, **environment)
        flags = ["--model", str(place / "model, #1.gguf"), "--prompts-dir", str(place / "prompts"), "--prompt", "mine"]
        sinks = ["--sink", "kafka", "--sink", f"parquet={archive}"]
        done = gistream("doctor", "--model", str(model), *sinks, data_dir=data_dir, **environment)
        assert done.returncode == 0, done.stdout
        done = gistream("run", "--once", *flags, *sinks, data_dir=data_dir, **environment)
        assert done.returncode == 0, done.stderr
    finally:
        broker.stop()
    assert pq.read_table(archive / "summaries").num_rows == 1
    # Nothing lies anywhere else.
    assert {path.name for path in tmp_path.iterdir()} == {NASTY, jars.name}
    own = {"tmp", "prompts", "story, \u00fc.txt", "model, #1.gguf"}
    assert {path.name for path in place.iterdir()} == own | {"data", "archive"}
    assert (data_dir / "checkpoints" / "gistream" / "commits" / "0").is_file()
    assert (data_dir / "broker" / "data" / "meta.properties").is_file()
