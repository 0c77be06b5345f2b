"""The broker's configuration holds no path, whose characters would mean something in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.kafka.broker_config import write_log_config, write_server_properties

NASTY = ["my data, old", "jürgen", "a#b", "100%25 d", "a:b=c!d", "a\\b", "${x}", "x" * 200]


@pytest.mark.parametrize("name", NASTY)
def test_the_data_lie_in_the_brokers_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    config = write_server_properties(folder, port=1, controller_port=2, largest_record=3)
    lines = config.read_text().splitlines()
    assert "log.dirs=data" in lines
    assert all(line.isascii() and name not in line for line in lines)
    # Log4j takes a comma for the beginning of another file, and a '#' for the name of a part.
    uri = write_log_config(folder).as_uri()
    assert uri.isascii()
    assert not set(uri.removeprefix("file://")) & set(",#$ \\")
