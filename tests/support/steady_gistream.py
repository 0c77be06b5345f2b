"""The `gistream` command with the steady engine in the place of llama.cpp; everything else is as installed.

`python steady_gistream.py SECONDS run ...`: an answer takes about SECONDS. With STEADY_SPARK_UI, a port, Spark's web
page is there.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

from steady_engine import SteadyRecipe

from streaming.cli.main import main
from streaming.engine.process.recipe import ProcessRecipe
from streaming.planning.work import Work, plan_work
from streaming.spark import prepare
from streaming.spark.jvm import session

SECONDS = float(sys.argv.pop(1))
SPARK_UI = os.environ.get("STEADY_SPARK_UI")


def plan_steady_work(*arguments: Any, **named: Any) -> Work:
    """Return the work that gistream plans, with another engine in the same process of its own."""
    work = plan_work(*arguments, **named)
    assert isinstance(work.engine, ProcessRecipe)
    return replace(work, engine=replace(work.engine, inner=SteadyRecipe(SECONDS)))


def conf_with_ui(*arguments: Any) -> dict[str, str]:
    """Return gistream's configuration of Spark with the web page that it switches off."""
    return {**conf(*arguments), "spark.ui.enabled": "true", "spark.ui.port": str(SPARK_UI)}


prepare.plan_work = plan_steady_work
if SPARK_UI is not None:
    conf, session._conf = session._conf, conf_with_ui
sys.exit(main())
