"""The short form of `make chaos`: sixty documents under four faults."""

from __future__ import annotations

from pathlib import Path

from chaos import Chaos, installation

FAULTS = ("driver killed", "engine's child killed", "broker killed", "store damaged")


def test_nothing_is_missing_and_nothing_is_twice_after_four_faults(tmp_path: Path) -> None:
    with installation(tmp_path) as settings:
        chaos = Chaos(settings, tmp_path, seed=1, seconds=0.5)
        chaos.send_documents(60)
        chaos.run(faults=4, kinds=FAULTS)
        verdict = chaos.verdict()
    assert verdict.exit_codes == (0, 0)
    assert (verdict.topics["missing_records"], verdict.archive["missing_records"]) == (0, 0)
    assert verdict.rows == verdict.identities
    assert not verdict.processes
    assert not verdict.files
