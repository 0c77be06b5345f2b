"""A prompt profile: what the model is told, how long and in which form it answers, under one name.

    description = "A meeting: what was decided, who does what until when"
    system = "List what was decided and who does what until when."
    reduce = "These are the minutes of the parts of one meeting. Make one list of them."
    keep_lines = true

    [length]
    share = 0.1
    least = 80
    most = 300

    [sampling]
    temperature = 0.3

The document is never part of a template: it is the user's message, alone, and so cannot change the task.
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import lru_cache
from typing import Annotated, Any, Literal

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import SchemaError
from jsonschema.validators import validator_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from streaming.errors import UsageError
from streaming.protocol import Message, Sampling
from streaming.summarizer.languages import english_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What is summarized: a document, a part of one, summaries of parts, or a summary so far and what follows it.
Stage = Literal["whole", "part", "joined", "refined"]
# In which a model answers when it is told nothing of languages, since the instruction is in it.
_MODELS_OWN = "English"
# Tokens of the summary of a short document, when its profile does not say: three or four sentences.
_LEAST = 80
# A title is a stranger's text: it names the document, in one line, and no more.
_LONGEST_TITLE = 120
_REFINED = "The text begins with a summary of what came before it. Make one summary of both. "
# What a part of a long text is told when the answer to the whole is JSON.
_PART = "Write a short summary of the text."
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    # A document without a title has none in the instruction, rather than one called "None".
    finalize=lambda value: "" if value is None else value,
)


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Length(_Checked):
    """How long a summary is to be: a `share` of its document, from `least` to `most` tokens.

    A `least` that is said is meant: an answer may be so long whatever the settings have for one. Else it is 80, or
    `most` where that is less.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.08
    least: Annotated[int, Field(ge=8)] | None = None
    most: Annotated[int, Field(ge=8)] = 600

    @model_validator(mode="after")
    def _ordered(self) -> Length:
        if self.least is not None and self.least > self.most:
            raise ValueError(f"least ({self.least}) is above most ({self.most})")
        return self

    def of(self, tokens: int) -> int:
        """Return the tokens of the summary of a document of `tokens`."""
        least = min(_LEAST, self.most) if self.least is None else self.least
        return round(min(max(self.share * tokens, least), self.most))


class ProfileSampling(_Checked):
    """What a profile says of the choice of tokens; None leaves it to the settings."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Field(ge=1, le=2)] | None = None


class PromptVariables(_Checked):
    """What a template may know of a text: its title, its language in English, which of how many parts this is.

    `language` is that of the summary; a `translated` one has another than its text.
    """

    title: str | None = None
    translated: bool = False
    language: str | None = None
    part: int = 1
    parts: int = 1


# With all that a document may have, and with none of it.
_EXAMPLES = (PromptVariables(), PromptVariables(title="A title", language="German", part=2, parts=3))


class PromptProfile(_Checked):
    """A named task.

    `system` is the instruction; `part` the one for a part of a long document, `reduce` for the summaries of its parts
    and `refine` for a summary so far with what follows it, where they differ. They are templates over `title`,
    `language`, `part` and `parts`. The text is the user's message and nothing else is. A model that only goes on with a
    text is given both and then `cue`, after which a summary is what comes next.

    `output` "json" answers with JSON after the `schema`. `keep_lines` keeps line ends, as a list needs them. `language`
    is the ISO 639-1 code of the summary where it is not the document's.
    """

    name: str
    system: str
    part: str | None = None
    reduce: str | None = None
    refine: str | None = None
    cue: str = "Summary:"
    description: str = ""
    language: str | None = None
    length: Length = Length()
    sampling: ProfileSampling = ProfileSampling()
    output: Literal["text", "json"] = "text"
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    keep_lines: bool = False

    @field_validator("system", "part", "reduce", "refine")
    @classmethod
    def _renders(cls, template: str | None) -> str | None:
        if template is None:
            return None
        for variables in _EXAMPLES:
            try:
                said = _render(template, variables)
            except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
                # A template is a program: what it raises is its author's fault, whatever it is.
                raise ValueError(f"is no template that can be filled in: {error}") from error
            if not said:
                raise ValueError("is empty")
        return template

    @field_validator("language")
    @classmethod
    def _known_language(cls, code: str | None) -> str | None:
        if code is not None and english_name(code) is None:
            raise ValueError(f"'{code}' is no code of a language, such as en or de")
        return code

    @model_validator(mode="after")
    def _has_a_schema(self) -> PromptProfile:
        if (self.output == "json") != (self.schema_ is not None):
            raise ValueError('output = "json" and a [schema] belong together')
        if self.schema_ is not None:
            try:
                validator_for(self.schema_).check_schema(self.schema_)
            except SchemaError as error:
                raise ValueError(f"its schema is no JSON Schema: {error.message}") from error
        return self

    @property
    def sha256(self) -> str:
        """Hash of everything in the profile that decides the output."""
        decides = self.model_dump(mode="json", exclude={"name", "description"}, exclude_defaults=True, by_alias=True)
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()

    def sampling_of(self, recipe: Sampling) -> Sampling:
        """Return the recipe's sampling as far as this profile has none of its own."""
        return Sampling(**{**vars(recipe), **self.sampling.model_dump(exclude_none=True)})

    def messages(
        self, text: str, *, stage: Stage = "whole", variables: PromptVariables | None = None, completion: bool = False
    ) -> list[Message]:
        """Return what asks for a summary of `text`: a chat, or with `completion` one whose answer has begun."""
        template, variables = self._template(stage), variables or PromptVariables()
        system = _render(template, variables)
        # A template that uses the language has its own words for it.
        told = variables.translated or variables.language not in (None, _MODELS_OWN)
        if told and variables.language and "language" not in _names(template):
            system = f"{system} Write in {variables.language}."
        chat = [Message("system", system), Message("user", text)]
        return [*chat, Message("assistant", self.cue)] if completion else chat

    def _template(self, stage: Stage) -> str:
        if stage == "refined":
            return self.refine or _REFINED + self.system
        if stage == "part" and self.output == "json":
            return self.part or _PART
        return {"whole": self.system, "part": self.part, "joined": self.reduce}[stage] or self.system


def parse_profile(name: str, text: str, *, where: str) -> PromptProfile:
    """Read a profile from TOML; raises `UsageError` with what is wrong, and `where`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The prompt profile {where} is no TOML: {error}.") from error
    if "name" in values:
        raise UsageError(f"The prompt profile {where} names itself; a profile is called as its file is.")
    try:
        return PromptProfile(name=name, **values)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'it'}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        raise UsageError(f"The prompt profile {where} is wrong: {said}.") from error


@lru_cache
def _names(template: str) -> frozenset[str]:
    return frozenset(find_undeclared_variables(_ENVIRONMENT.parse(template)))


@lru_cache
def _compiled(template: str) -> Template:
    return _ENVIRONMENT.from_string(template)


def _render(template: str, variables: PromptVariables) -> str:
    title = None if variables.title is None else " ".join(variables.title.split())[:_LONGEST_TITLE] or None
    return (
        _compiled(template)
        .render(title=title, language=variables.language, part=variables.part, parts=variables.parts)
        .strip()
    )
