"""The work that a query does on each document, decided on the driver: engine, recipe, prompts, deadline.

`pipeline.desk` does this work on the executor, where the model is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streaming.engine import LlamaRecipe, ModelFile, grammar_of
from streaming.engine.process.caller import this_program
from streaming.engine.process.recipe import ProcessRecipe
from streaming.errors import MachineError, UsageError
from streaming.messages import ModelInfo
from streaming.planning.engine_choice import Choice
from streaming.planning.store_plan import StorePlan, plan_store
from streaming.planning.token_limits import TokenLimits, checked_token_limits, repairs
from streaming.protocol import EngineRecipe, Sampling
from streaming.settings import MIB, Settings
from streaming.summarizer import Faithfulness, PromptProfile, Recipe, get_profile, load_profiles


@dataclass(frozen=True)
class Work:
    """Everything that an executor needs to summarize documents: small, picklable, made once by the driver.

    `grammars` maps the names of profiles that answer with JSON to their grammars. `in_flight` documents are open at
    once; a document may take `deadline` seconds. Without a `store` everything is generated.
    """

    engine: EngineRecipe
    recipe: Recipe
    model: ModelInfo
    profiles: dict[str, PromptProfile]
    grammars: dict[str, str]
    default_profile: str
    in_flight: int
    deadline: float
    store: StorePlan | None = None

    @property
    def recipe_name(self) -> str:
        """The `recipe` of documents that name no profile."""
        return self.recipe.hash(self.profiles[self.default_profile])


def check_prompt(settings: Settings) -> None:
    """Check that the prompt profile of the settings exists, which needs no model; raises `UsageError`."""
    get_profile(load_profiles(settings.prompts_dir), settings.prompt)


def plan_work(settings: Settings, choice: Choice, *, here: bool, command: str = "run") -> Work:
    """Plan how documents are summarized with the chosen model and setup, on this machine when `here`.

    `command` says for whom: "run" for a query, else the name of a command or a function.

    Raises `UsageError`, and `MachineError` when this machine lacks the memory or the GPU.
    """
    model = choice.model
    limits = checked_token_limits(settings, model)
    profiles = load_profiles(settings.prompts_dir)
    get_profile(profiles, settings.prompt)
    if (place := settings.field.get("prompt")) in profiles:
        raise UsageError(
            f"Below [field], prompt = \"{place}\" means that a document's JSON has a field '{place}', and '{place}' is "
            "a prompt profile. To choose the profile, move the line above the first line in brackets; for the field, "
            "rename the profile."
        )
    return Work(
        engine=_plan_engine(settings, choice, here=here, limits=limits, command=command),
        recipe=Recipe(
            # The original file's checksum: a prepared file may differ by a byte between versions of llama.cpp.
            model_sha256=choice.original.sha256,
            representation=model.representation,
            sampling=Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                min_p=settings.min_p,
                repeat_penalty=settings.repeat_penalty,
                seed=settings.seed,
            ),
            chunk_tokens=limits.chunk_tokens,
            max_tokens=limits.max_tokens,
            max_chunks=settings.max_chunks,
            style=settings.prompt_style,
            thinking_tokens=limits.thinking_tokens,
            strategy=settings.strategy,
            reduce=limits.reduce,
            ladder=settings.ladder,
            faithfulness=_faithfulness(settings, model),
            least_support=settings.least_support,
        ),
        model=ModelInfo(name=model.name, sha256=choice.original.sha256, representation=model.representation),
        profiles=profiles,
        grammars=grammars_of(profiles),
        default_profile=settings.prompt,
        # Twice the slots, so that a freed slot has its next document while the previous result is written.
        in_flight=2 * choice.setup.slots,
        deadline=settings.document_deadline,
        store=plan_store(settings, choice.original, model, limits),
    )


def plan_counter(settings: Settings, choice: Choice) -> LlamaRecipe:
    """Return the recipe whose `load_counter` counts tokens as the engine of `plan_work`; raises `UsageError`.

    It needs no memory.
    """
    return _llama_recipe(settings, choice, checked_token_limits(settings, choice.model))


def _faithfulness(settings: Settings, model: ModelFile) -> Faithfulness:
    if settings.faithfulness != "auto":
        return settings.faithfulness
    return "strict" if repairs(settings, model) else "flag"


def grammars_of(profiles: Mapping[str, PromptProfile]) -> dict[str, str]:
    """Return the grammars of the profiles that answer with JSON, by name.

    Raises `UsageError` for a schema that no grammar can express.
    """
    grammars = {}
    for name, profile in profiles.items():
        if profile.schema_ is not None:
            try:
                grammars[name] = grammar_of(profile.schema_)
            except ValueError as error:
                raise UsageError(f"The schema of prompt profile '{name}' cannot be used: {error}.") from error
    return grammars


def _plan_engine(settings: Settings, choice: Choice, *, here: bool, limits: TokenLimits, command: str) -> EngineRecipe:
    llama = _llama_recipe(settings, choice, limits)
    if here and (reason := llama.refusal()):
        raise MachineError(reason)
    if settings.engine == "in-process":
        return llama
    query = settings.query if command == "run" else None
    caller = this_program(command, query=query, data_dir=str(settings.data_dir))
    return ProcessRecipe(llama, settings.native_deadline, llama.memory, caller)


def _llama_recipe(settings: Settings, choice: Choice, limits: TokenLimits) -> LlamaRecipe:
    setup = choice.setup
    return LlamaRecipe(
        model=choice.model,
        slots=setup.slots,
        lanes=setup.lanes,
        context=limits.context,
        threads=setup.threads,
        ubatch=setup.ubatch,
        gpu_layers=settings.gpu_layers,
        memory=settings.engine_memory * MIB if settings.engine_memory else None,
        completion=settings.completion,
        thinking_tokens=limits.thinking_tokens,
        original=None if choice.model is choice.original else choice.original,
    )
