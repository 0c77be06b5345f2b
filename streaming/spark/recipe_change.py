"""What a start says when it makes summaries otherwise than the query's last start, and the way back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from streaming.planning.engine_choice import Choice
from streaming.planning.work import Work
from streaming.settings import Settings
from streaming.settings.model_fields import RECIPE_SETTINGS
from streaming.spark.checkpoint.checkpoint import PinnedRecipe

# Those of them that `gistream run` has a flag for; a test compares them.
RUN_FLAGS = (
    *("model", "representation", "prompt", "prompts_dir", "prompt_style", "strategy", "faithfulness", "least_support"),
    "context",
)


def recipe_to_pin(settings: Settings, choice: Choice, work: Work) -> PinnedRecipe:
    """Return the recipe of a query as its checkpoint keeps it."""
    values = settings.model_dump(mode="json")
    return PinnedRecipe(
        name=work.recipe_name,
        prompt_sha256=work.profiles[work.default_profile].sha256,
        model_sha256=choice.original.sha256,
        # As it was chosen, whatever the machine is tuned to later.
        settings={name: values[name] for name in RECIPE_SETTINGS} | {"representation": choice.representation},
    )


def recipe_warning(last: PinnedRecipe | None, recipe: PinnedRecipe) -> str | None:
    """Return a sentence when the recipe is not that of the `last` start: what has changed, and how to go back."""
    if last is None or last.name == recipe.name:
        return None
    changed = [
        name for name in RECIPE_SETTINGS if name in last.settings and last.settings[name] != recipe.settings[name]
    ]
    because = ", ".join(f"{name} {_text(last.settings[name])} -> {_text(recipe.settings[name])}" for name in changed)
    return (
        f"The recipe is {recipe.name} from now on; it was {last.name} until the last start "
        f"({because or 'the same settings'}). To go back, stop{_way_back(last, recipe, changed)}."
    )


def _way_back(last: PinnedRecipe, recipe: PinnedRecipe, changed: list[str]) -> str:
    if last.model_sha256 != recipe.model_sha256:
        if "model" not in changed:
            return ", and put the former model file back"
        # The checkpoint keeps the representation of one model.
        changed = [*changed, *({"representation"} - set(changed))]
    if changed:
        return f" and start {' '.join(_parts(last, changed))}"
    if last.prompt_sha256 != recipe.prompt_sha256:
        return f", and put the former text of prompt profile '{recipe.settings['prompt']}' back"
    return ", and start the version of gistream that made the last start: its defaults were others"


def _parts(last: PinnedRecipe, changed: list[str]) -> Iterator[str]:
    flags = [name for name in changed if name in RUN_FLAGS and last.settings[name] is not None]
    if flags:
        yield "with " + " ".join(f"--{name.replace('_', '-')} {_text(last.settings[name])}" for name in flags)
    for name in changed:
        if last.settings[name] is None:
            yield f"without {name}"
        elif name not in RUN_FLAGS:
            yield f"with GISTREAM_{name.upper()}={_text(last.settings[name])}"


def _text(value: object) -> str:
    return "unset" if value is None else shlex.quote(str(value))
