"""The commands that look after model files: `gistream model list`, `pull` and `show`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from streaming.engine import Setup, describe_model
from streaming.engine.model import hub, memory
from streaming.engine.model.model_file import SAMPLE, sample_path
from streaming.engine.model.split import BLOCK_BYTES, checksums, part_paths
from streaming.errors import HubUnreachable, UsageError
from streaming.settings import load
from streaming.settings.flags import Json, command_flags, flag
from streaming.terminal.consoles import notes, out, print_table
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted, megabytes

if TYPE_CHECKING:
    from streaming.planning.engine_choice import Choice


def list_models(as_json: Json = False) -> None:
    """List the models that are on this machine, as --model takes them: the sample, and the hub's cache.

    Examples:

        gistream model list

        gistream model list --json | jq -r '.models[].model'
    """
    models = hub.cached_models()
    if sample := sample_path():
        models = [hub.Cached(SAMPLE, sample, sample.stat().st_size), *models]
    if as_json:
        lines = [{"model": model.reference, "bytes": model.bytes, "path": str(model.path)} for model in models]
        sys.stdout.write(json.dumps({"models": lines}) + "\n")
        return
    table = Table("model", "MB", box=None)
    for model in models:
        table.add_row(Text(model.reference), f"{model.bytes / 1e6:,.0f}")
    print_table(table)


def pull(
    reference: Annotated[str, typer.Argument(help="hf://owner/repo/file.gguf, or hf://owner/repo@revision/file.gguf")],
    as_json: Json = False,
) -> None:
    """Download a model from a hub, or bring it up to date: what was interrupted goes on, what is there stays.

    Prints the file, its SHA-256, which is compared with the hub's, and its size. Of a split model all parts are
    downloaded; name the first. A model behind a login needs HF_TOKEN, a mirror HF_ENDPOINT.

    Examples:

        gistream model pull hf://Qwen/Qwen2.5-7B-Instruct-GGUF/qwen2.5-7b-instruct-q3_k_m.gguf

        HF_TOKEN=... gistream model pull hf://owner/gated-model/model.gguf
    """
    if not reference.startswith(hub.SCHEME):
        raise UsageError(f"{reference} is not on a hub; pull takes {hub.SCHEME}owner/repo/file.gguf.")
    try:
        path = hub.pull(reference)
    except HubUnreachable as error:
        if (cached := hub.cached(reference)) is None:
            raise
        notes.print(Text(f"{error} This is what was there before."))
        path = cached
    parts = part_paths(path)
    size = sum(part.stat().st_size for part in parts)
    with ProgressBar(notes) as bar:
        bar.begin("checking the MB", size // BLOCK_BYTES + len(parts))
        sums = checksums(parts, bar.advance)
    for part, sha256 in zip(parts, sums.parts, strict=True):
        hub.verify(part, sha256)
    if as_json:
        sys.stdout.write(json.dumps({"path": str(path), "sha256": sums.whole, "bytes": size}) + "\n")
        return
    _print_facts({"file": str(path), "sha256": sums.whole, "size": f"{megabytes(size)}"})


def show(
    ctx: typer.Context,
    model: Annotated[str | None, typer.Argument(help="As --model takes it; default: the settings' model.")] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    as_json: Json = False,
) -> None:
    """Describe a model: what it is, its licence as the file states it, and the memory that it will need here.

    Examples:

        gistream model show

        gistream model show ~/models/qwen2.5-7b-instruct-q4_k_m.gguf --slots 8

        gistream model show --json | jq .memory.total
    """
    # Imported here, because they take time to load.
    from streaming.planning.engine_choice import foresee
    from streaming.planning.layout import plan_layout
    from streaming.planning.token_limits import token_limits

    settings = load(command_flags(ctx))
    with ProgressBar(notes) as bar:
        bar.begin("reading the model")
        model_file = describe_model(settings.model)
    choice = foresee(settings, model_file, cores=plan_layout(settings).cores)
    setup, size = choice.setup, choice.model.file_bytes
    tokens = token_limits(settings, model_file).context
    engine = {"file_bytes": size, "context": tokens, **_engine_size(setup)}
    memory_needed = memory.predict(model_file.shape, **engine)
    free = memory.available_bytes()
    fit = memory.largest_fit(model_file.shape, **engine, available=free)
    if as_json:
        facts: dict[str, Any] = asdict(model_file)
        facts["path"] = str(model_file.path)
        facts["memory"] = {
            **asdict(memory_needed),
            "representation": choice.model.representation,
            **_engine_size(setup),
            "context": tokens,
            "available": free,
        }
        sys.stdout.write(json.dumps({"model": settings.model, **facts}) + "\n")
        return
    _print_facts(
        {
            "model": settings.model,
            "file": str(model_file.path),
            "architecture": model_file.architecture,
            "parameters": f"{model_file.parameters / 1e6:,.0f} million",
            "representation": f"{model_file.representation}{_computed_as(choice)}",
            "size": f"{megabytes(model_file.file_bytes)}",
            "context": f"{model_file.context:,} tokens",
            "chat template": "yes"
            if model_file.chat_template
            else "no: a base model, for --prompt-style completion only",
            "thinking": "yes: it is no part of the summary" if model_file.thinks else "no",
            "licence": model_file.licence or "not stated in the file",
            "sha256": model_file.sha256,
            "memory needed": _needed(memory_needed, setup.slots, tokens),
            "memory here": _here(memory_needed, fit, tokens, free),
        }
    )


def _engine_size(setup: Setup) -> dict[str, int]:
    """Return what of a setup decides how much memory an engine takes."""
    return {"slots": setup.slots, "lanes": setup.lanes, "ubatch": setup.ubatch}


def _computed_as(choice: Choice) -> str:
    if choice.model is choice.original:
        return ""
    return f", computed as {choice.model.representation} ({choice.why})"


def _needed(needed: memory.Memory, slots: int, tokens: int) -> str:
    cache = "unknown for this architecture" if needed.kv_cache is None else f"{needed.kv_cache / 1e6:,.0f}"
    return (
        f"{needed.certainty} {megabytes(needed.total)} an executor: weights {needed.weights / 1e6:,.0f}, "
        f"key-value cache {cache} ({counted(slots, 'slot')} of {tokens:,} tokens), buffers {needed.buffers / 1e6:,.0f}"
    )


def _here(needed: memory.Memory, fit: tuple[int, int] | None, tokens: int, free: int) -> str:
    has = f"{megabytes(free)} available"
    if needed.total <= free:
        return has if needed.kv_cache is None else f"{has}: enough"
    if fit is None:
        return f"{has}: not enough; take a smaller model, or a smaller representation of this one"
    fewer, shorter = fit
    return f"{has}: not enough; lower --slots to {fewer}" + (f" and --context to {shorter}" if shorter < tokens else "")


def _print_facts(facts: dict[str, str]) -> None:
    for name, value in facts.items():
        out.print(Text.assemble((f"{name:<16}", "bold"), value))
