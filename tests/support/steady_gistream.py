"""The `gistream` command with the steady engine in the place of llama.cpp; everything else is as installed.

`python steady_gistream.py SECONDS run ...`: an answer takes about SECONDS.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from steady_engine import SteadyRecipe

from streaming.cli.main import main
from streaming.engine.process.recipe import ProcessRecipe
from streaming.planning.work import Work, plan_work
from streaming.spark import prepare

SECONDS = float(sys.argv.pop(1))


def plan_steady_work(*arguments: Any, **named: Any) -> Work:
    """Return the work that gistream plans, with another engine in the same process of its own."""
    work = plan_work(*arguments, **named)
    assert isinstance(work.engine, ProcessRecipe)
    return replace(work, engine=replace(work.engine, inner=SteadyRecipe(SECONDS)))


prepare.plan_work = plan_steady_work
sys.exit(main())
