"""Five hundred documents under twenty faults, by a seed; real broker, Spark, archive, store and engine processes.

Only the answers are a steady engine's, so that ten seeds take an hour: `make chaos SEEDS=10`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chaos import Chaos, installation

FIRST = int(os.environ.get("RANDOM_SEED", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("SEEDS", "1")))


def check(chaos: Chaos) -> None:
    verdict = chaos.verdict()
    print(f"exit codes {chaos.service.exit_codes}, {dict(chaos.struck)}, {verdict}")
    assert verdict.exit_codes == (0, 0)
    assert (verdict.topics["missing_records"], verdict.archive["missing_records"]) == (0, 0)
    assert verdict.rows == verdict.identities
    # Each kind of bad document has struck, too, and became a dead letter.
    assert chaos.expected <= set(verdict.dead)
    assert not verdict.processes
    assert not verdict.files


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_missing_and_nothing_is_twice_after_twenty_faults(tmp_path: Path, seed: int) -> None:
    with installation(tmp_path, small_disks=True) as settings:
        master = "local[2]" if seed % 2 else "local-cluster[1,2,1024]"
        chaos = Chaos(settings, tmp_path, seed=seed, master=master)
        chaos.send_documents(500)
        chaos.run(faults=20)
        check(chaos)


@pytest.mark.timeout(1800)
def test_the_real_model_loses_none_of_sixty_documents_to_eight_faults(tmp_path: Path) -> None:
    with installation(tmp_path, small_disks=True) as settings:
        chaos = Chaos(settings, tmp_path, seed=FIRST, seconds=None)
        chaos.send_documents(60)
        chaos.run(faults=8)
        check(chaos)
