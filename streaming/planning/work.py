"""The work that a query does on each document, decided on the driver: engine, recipe, prompts, deadline.

What is done with it where the model is loaded: `desk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streaming.engine import LlamaRecipe, grammar_of
from streaming.engine.process.recipe import ProcessRecipe
from streaming.errors import MachineError, UsageError
from streaming.messages import ModelInfo
from streaming.planning.engine_choice import Choice
from streaming.planning.token_limits import TokenLimits, checked_token_limits
from streaming.protocol import EngineRecipe, Sampling
from streaming.settings import MIB, Settings
from streaming.summarizer import PromptProfile, Recipe, get_profile, load_profiles


@dataclass(frozen=True)
class Work:
    """What is needed to summarize documents: small, picklable, made once by the driver.

    `grammars` are of the profiles that answer with JSON, by name. `in_flight` documents are open at once; a document
    may take `deadline` seconds.
    """

    engine: EngineRecipe
    recipe: Recipe
    model: ModelInfo
    profiles: dict[str, PromptProfile]
    grammars: dict[str, str]
    default_profile: str
    in_flight: int
    deadline: float

    @property
    def recipe_name(self) -> str:
        """The `recipe` of documents that name no profile."""
        return self.recipe.hash(self.profiles[self.default_profile])


def plan_work(settings: Settings, choice: Choice, *, here: bool) -> Work:
    """Decide how documents are summarized by what was chosen to compute them, on this machine when `here`.

    Raises `UsageError`, and `MachineError` when this machine has not the memory, or the GPU, for it.
    """
    model = choice.model
    limits = checked_token_limits(settings, model)
    profiles = load_profiles(settings.prompts_dir)
    get_profile(profiles, settings.prompt)
    return Work(
        engine=_plan_engine(settings, choice, here=here, limits=limits),
        recipe=Recipe(
            # Of the file as given: what is made of it may differ in a byte from one llama.cpp to the next.
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
        ),
        model=ModelInfo(name=model.name, sha256=choice.original.sha256, representation=model.representation),
        profiles=profiles,
        grammars=grammars_of(profiles),
        default_profile=settings.prompt,
        # While one document's result is on its way out, the slots it leaves already have the next ones.
        in_flight=2 * choice.setup.slots,
        deadline=settings.document_deadline,
    )


def grammars_of(profiles: Mapping[str, PromptProfile]) -> dict[str, str]:
    """Return the grammars of the profiles that answer with JSON, by name; raises `UsageError` for one without."""
    found = {}
    for name, profile in profiles.items():
        if profile.schema_ is not None:
            try:
                found[name] = grammar_of(profile.schema_)
            except ValueError as error:
                raise UsageError(f"The schema of prompt profile '{name}' cannot be used: {error}.") from error
    return found


def _plan_engine(settings: Settings, choice: Choice, *, here: bool, limits: TokenLimits) -> EngineRecipe:
    limit = settings.engine_memory * MIB if settings.engine_memory else None
    setup = choice.setup
    llama = LlamaRecipe(
        model=choice.model,
        slots=setup.slots,
        lanes=setup.lanes,
        context=limits.context,
        threads=setup.threads,
        ubatch=setup.ubatch,
        gpu_layers=settings.gpu_layers,
        memory=limit,
        completion=settings.completion,
        thinking_tokens=limits.thinking_tokens,
        given=None if choice.model is choice.original else choice.original,
    )
    if here and (sentence := llama.refusal()):
        raise MachineError(sentence)
    return llama if settings.engine == "in-process" else ProcessRecipe(llama, settings.native_deadline, limit)
