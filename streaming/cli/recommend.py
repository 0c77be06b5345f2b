"""`gistream model recommend`: which models fit this machine, or another one."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.flags import Json, command_flags, flag
from streaming.terminal.consoles import out
from streaming.wording import counted, megabytes

if TYPE_CHECKING:
    from streaming.planning.recommendation import Recommendation

# Nine digits are enough for every machine; hundreds of them overflow a float.
_MEMORY = re.compile(r"(\d{1,9}(?:\.\d+)?) ?([MGT])(i?)B", re.IGNORECASE)
_COLOUR = {"fits": "green", "fits with fewer slots": "yellow", "does not fit": "red"}


def recommend(
    ctx: typer.Context,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory that gistream may take on another machine, such as 16GB: what is free there, or the limit of "
            "its container. Default: this machine's, within its control group.",
            show_default=False,
        ),
    ] = None,
    cores: Annotated[
        int | None, typer.Option(min=1, help="Cores of another machine. Default: this machine's.", show_default=False)
    ] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    as_json: Json = False,
) -> None:
    """List instruct models under Apache-2.0 or MIT, and which of them fit this machine or another one.

    For each: the source that --model takes, parameters, file size, licence, the memory that it would need, and whether
    it can think. The list is part of gistream: no hub is asked. It promises no quality and no speed; the last lines say
    how to compare two models on your own texts.

    Examples:

        gistream model recommend

        gistream model recommend --memory 16GB --cores 8

        gistream model recommend --json | jq -r '.models[] | select(.fits) | .model'
    """
    # Imported here, because they take time to load.
    from streaming.engine.model.memory import available_bytes
    from streaming.planning.layout import plan_layout
    from streaming.planning.recommendation import comparison, model_memory, recommendations

    settings = load(command_flags(ctx))
    available = available_bytes() if memory is None else _bytes(memory)
    cores = cores or plan_layout(settings).cores
    models = recommendations(settings, cores=cores, available=available)
    pair = comparison(models)
    compare = (
        f"gistream eval --data mine.jsonl --model {pair[0]} --model {pair[1]} --sheet sheet.html" if pair else None
    )
    machine = {"cores": cores, "memory": available, "for_model": model_memory(settings, available)}
    if as_json:
        lines = [_facts(model) for model in models]
        sys.stdout.write(json.dumps({"machine": machine, "models": lines, "compare": compare}) + "\n")
        return
    out.print(
        f"{counted(cores, 'core')} and {megabytes(available)} of memory. Beside Spark, Kafka and Python, a model "
        f"of gistream run may take {megabytes(machine['for_model'])}.",
        markup=False,
    )
    for model in models:
        _print_model(model)
    _print_notes(compare)


def _bytes(size: str) -> int:
    """Return the bytes of a size such as 16GB or 7.5GiB; raises `UsageError` for anything else, also for nothing."""
    parts = _MEMORY.fullmatch(size.strip())
    if parts is None or float(parts[1]) == 0:
        raise UsageError(f"--memory takes a size with its unit, such as 16GB, 7.5GiB or 512MB, not '{size}'.")
    number, prefix, binary = parts.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("MGT".index(prefix.upper()) + 2))


def _facts(recommendation: Recommendation) -> dict[str, Any]:
    """Return one model for `--json`; sizes are in bytes."""
    model, setup, limits = recommendation.model, recommendation.setup, recommendation.limits
    return {
        "model": model.source,
        "parameters": model.parameters,
        "representation": model.representation,
        "bytes": model.bytes,
        "licence": model.licence,
        "thinks": model.thinks,
        "thinking": model.thinking,
        "thinking_tokens": limits.thinking_tokens,
        "memory": {
            **asdict(recommendation.memory),
            "slots": setup.slots,
            "lanes": setup.lanes,
            "context": limits.context,
        },
        "fits": recommendation.fits,
        "slots_that_fit": recommendation.slots_that_fit,
        "problem": recommendation.problem,
    }


def _print_model(recommendation: Recommendation) -> None:
    model = recommendation.model
    verdict, detail = _verdict(recommendation)
    out.print(Text(f"\n{model.source}", "bold"))
    out.print(Text.assemble("  ", (verdict, _COLOUR[verdict]), f": {detail}"))
    parameters, size = f"{model.parameters / 1e6:,.0f} million parameters", megabytes(model.bytes)
    out.print(Text(f"  {parameters} as {model.representation}, a file of {size}, {model.licence}"))
    if model.thinks:
        out.print(Text(f"  {_thinking(recommendation)}"))


def _verdict(recommendation: Recommendation) -> tuple[str, str]:
    """Return whether the model fits, a key of `_COLOUR`, and the numbers or the reason."""
    setup, needed, tokens = recommendation.setup, recommendation.memory, recommendation.limits.context
    numbers = f"{needed.certainty} {megabytes(needed.total)}, with slots x context {setup.slots} x {tokens:,}"
    if recommendation.problem:
        return "does not fit", recommendation.problem
    if recommendation.fits:
        return "fits", numbers
    if recommendation.slots_that_fit:
        return "fits with fewer slots", f"--slots {recommendation.slots_that_fit}; {numbers}"
    return "does not fit", f"{numbers}; one slot is too much, too"


def _thinking(recommendation: Recommendation) -> str:
    """Return what a model that can think does with the settings."""
    tokens = recommendation.limits.thinking_tokens
    if recommendation.model.thinking == "on request":
        room = f"; its context has room for {tokens:,} tokens of it all the same" if tokens else ""
        return f"can think on request, and gistream does not ask for it{room}"
    if tokens:
        return f"thinks, for up to {tokens:,} tokens before each answer"
    return "can think, and is told not to by your settings"


def _print_notes(compare: str | None) -> None:
    lines = [
        "This list is part of gistream: no hub was asked. gistream asks a hub when you pull a model, or use one that "
        "is not here yet:",
        "  gistream model pull SOURCE",
        "A model that thinks is told not to by thinking_tokens = 0 in gistream.toml, GISTREAM_THINKING_TOKENS=0, or "
        "--set thinking_tokens=0 of gistream eval; then its context needs no room for it.",
        "Quality and speed were measured for the sample model only. gistream promises neither for a model of this "
        "list, nor for a size.",
    ]
    if compare:
        lines.append("Compare two that fit on your own texts; people judge them on a page, blind:")
    out.print("\n" + "\n".join(lines), markup=False)
    if compare:
        # In one piece, to be copied.
        out.print(f"  {compare}", markup=False, soft_wrap=True)
