from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

import pytest

from streaming.engine.model.split import checksums, part_names, part_paths
from streaming.errors import ModelError


@pytest.mark.parametrize("name", ["m.gguf", "m-1-of-3.gguf", "m-00001-of-00003.bin", "-00001-of-00003.gguf"])
def test_most_models_are_one_file(name: str) -> None:
    assert part_names(name) == [name]


def test_the_parts_of_a_split_model_are_known_by_the_first(tmp_path: Path) -> None:
    names = ["q/m-00001-of-00003.gguf", "q/m-00002-of-00003.gguf", "q/m-00003-of-00003.gguf"]
    assert part_names(names[0]) == names
    with pytest.raises(ModelError, match=r"name q/m-00001-of-00003.gguf"):
        part_names(names[1])
    for name in ("m-00001-of-00002.gguf", "m-00003-of-00003.gguf"):
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=r"m-00002-of-00002.gguf is not beside it"):
        part_paths(tmp_path / "m-00001-of-00002.gguf")


def test_the_checksum_of_a_split_model_counts_every_part_and_a_shell_can_make_it(tmp_path: Path) -> None:
    for number, content in enumerate((b"one", b"two"), start=1):
        (tmp_path / f"m-0000{number}-of-00002.gguf").write_bytes(content)
    paths = part_paths(tmp_path / "m-00001-of-00002.gguf")
    command = "sha256sum m-*.gguf | cut -d' ' -f1 | sha256sum"
    shell = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    before = checksums(paths).whole
    assert before == shell.stdout.split()[0]
    paths[1].write_bytes(b"TWO")
    assert checksums(paths).whole != before


def test_a_checksum_covers_all_of_a_large_file(tmp_path: Path) -> None:
    content = random.Random(0).randbytes((5 << 20) + 1)
    (tmp_path / "m.gguf").write_bytes(content)
    assert checksums([tmp_path / "m.gguf"]).whole == hashlib.sha256(content).hexdigest()


def test_the_checksum_of_one_file_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"")
    assert checksums([tmp_path / "m.gguf"]).whole.startswith("e3b0c44298fc1c14")
