"""Every example of docs/security.md is taken as it stands there, once its files are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tomllib
from acls import PAGE, documented_rights

from streaming.settings import load
from streaming.settings.kafka_options import for_spark

BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("block", [block for block in BLOCKS if "SASL_SSL" not in block or "mechanism" in block])
def test_the_options_of_an_example_go_together(block: str, tmp_path: Path) -> None:
    for name in ("kafka-password", "client-secret", "key-password"):
        (tmp_path / name).write_text("Zq7wX")
    options = load({**tomllib.loads(block.replace("/run/secrets", str(tmp_path))), "data_dir": tmp_path}).kafka
    assert "Zq7wX" not in str(for_spark(options))


def test_each_role_of_the_page_has_rights() -> None:
    roles = {right.user for right in documented_rights()}
    assert roles == {"administrator", "producer", "watcher", "query", "consumer", "replayer", "redriver", "eraser"}
    rows = [
        line for line in PAGE.read_text().splitlines() if re.match(r"\| `\w+` \| (topic|group|cluster|trans)", line)
    ]
    assert len({(right.user, right.resource, right.name) for right in documented_rights()}) == len(rows)
