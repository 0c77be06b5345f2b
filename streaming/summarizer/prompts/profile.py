"""A prompt profile: instructions for the model, and the length and form of its answer, under one name.

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

The document is never part of a template. It is the whole message of the user, and so cannot change the task.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Annotated, Any, Literal

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import SchemaError
from jsonschema.validators import validator_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from streaming.errors import UsageError
from streaming.protocol import Message, Sampling
from streaming.summarizer.languages import english_name
from streaming.summarizer.prompts.misplaced import misplaced_in_schema, place_of
from streaming.text_files import parse_toml

# What is summarized: a document, a part of one, summaries of parts, or a summary so far with the next part.
Stage = Literal["whole", "part", "joined", "refined"]
# The language of the instructions, in which a model answers by default.
_DEFAULT_ANSWER = "English"
# Tokens of the summary of a short document without a least length: six sentences, or this share of it, but a sentence
# (measurements.md, length of a summary).
_LEAST, _LARGEST_SHARE, _SENTENCE = 150, 0.35, 32
# A title is untrusted text, so it is cut to one short line.
_LONGEST_TITLE = 120
_REFINED = "The text begins with a summary of what came before it. Make one summary of both. "
# The instruction for a part of a long text when the answer is JSON.
_PART = "Write a short summary of the text."
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    # A missing title is rendered as nothing, not as "None".
    finalize=lambda value: "" if value is None else value,
)


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Length(_Checked):
    """The length of a summary: a `share` of its document, from `least` to `most` tokens.

    An answer may have `least` tokens even when the settings allow less. Without it, the least is 150, or about a third
    of the document when that is less, and never above `most`.
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
        least = min(_LEAST, max(_LARGEST_SHARE * tokens, _SENTENCE), self.most) if self.least is None else self.least
        return round(min(max(self.share * tokens, least), self.most))


class ProfileSampling(_Checked):
    """How a profile chooses tokens; None leaves a value to the settings."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Field(ge=1, le=2)] | None = None


class PromptVariables(_Checked):
    """The variables of a template: title, language (its English name), and which of how many parts this is.

    `language` is the summary's. A `translated` summary is in another language than its text.
    """

    title: str | None = None
    translated: bool = False
    language: str | None = None
    part: int = 1
    parts: int = 1


# A document with none of the variables, and one with all.
_EXAMPLES = (PromptVariables(), PromptVariables(title="A title", language="German", part=2, parts=3))


class PromptProfile(_Checked):
    """A named task.

    `system` is the instruction. `part` is the instruction for a part of a long document, `reduce` for the summaries of
    its parts and `refine` for a summary so far with the next part, where they differ. They are templates over `title`,
    `language`, `part` and `parts`. The text is the whole message of the user. A model that only continues a text gets
    both and then `cue`, which a summary follows.

    `output` "json" answers with JSON after the `schema`. `keep_lines` keeps line ends, for lists; a summary of so many
    `lines` has that many, and with `bullets` each begins with a dash. `language` is the ISO 639-1 code of the summary
    where it is not the document's.
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
    lines: Annotated[int, Field(ge=1, le=20)] | None = None
    bullets: bool = False

    @field_validator("system", "part", "reduce", "refine")
    @classmethod
    def _renders(cls, template: str | None) -> str | None:
        if template is None:
            return None
        for variables in _EXAMPLES:
            try:
                rendered = _render(template, variables)
            except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
                # A template is a program, and any of its errors is its author's.
                raise ValueError(f"is no template that can be filled in: {error}") from error
            if not rendered:
                raise ValueError("is empty")
        return template

    @field_validator("language")
    @classmethod
    def _known_language(cls, code: str | None) -> str | None:
        if code is not None and english_name(code) is None:
            raise ValueError(f"'{code}' is no code of a language, such as en or de")
        return code

    @model_validator(mode="after")
    def _has_a_form(self) -> PromptProfile:
        if self.output == "json" and (self.lines is not None or self.bullets):
            raise ValueError("lines and bullets are of a text; the form of JSON is its [schema]")
        return self

    @model_validator(mode="after")
    def _has_a_schema(self) -> PromptProfile:
        if (self.output == "json") != (self.schema_ is not None):
            raise ValueError('output = "json" and a [schema] belong together')
        if self.schema_ is not None:
            if name := misplaced_in_schema(self.schema_, [entry for table in _tables().values() for entry in table]):
                raise ValueError(
                    f"'{name}' stands below [schema], which would change nothing; {place_of(name, _tables())}"
                )
            try:
                validator_for(self.schema_).check_schema(self.schema_)
            except SchemaError as error:
                raise ValueError(f"its schema is no JSON Schema: {error.message}") from error
        return self

    @property
    def in_lines(self) -> bool:
        """Whether a summary consists of lines, not of sentences in one paragraph."""
        return self.keep_lines or self.bullets or self.lines is not None

    @property
    def least_tokens(self) -> int:
        """The tokens that a summary needs at least to be as long, and of as many lines, as the profile asks for."""
        return max(self.length.least or 0, (self.lines or 0) * _SENTENCE)

    @property
    def sha256(self) -> str:
        """Hash of everything in the profile that decides the output."""
        decides = self.model_dump(mode="json", exclude={"name", "description"}, exclude_defaults=True, by_alias=True)
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()

    def sampling_of(self, recipe: Sampling) -> Sampling:
        """Return the recipe's sampling with the values of this profile."""
        return Sampling(**{**vars(recipe), **self.sampling.model_dump(exclude_none=True)})

    def messages(
        self, text: str, *, stage: Stage = "whole", variables: PromptVariables | None = None, completion: bool = False
    ) -> list[Message]:
        """Return the prompt for a summary of `text`: a chat, whose answer has begun with `completion`."""
        template, variables = self._template(stage), variables or PromptVariables()
        system = _render(template, variables)
        # A template that uses the variable asks for the language itself.
        other_language = variables.translated or variables.language not in (None, _DEFAULT_ANSWER)
        if other_language and variables.language and "language" not in _names(template):
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
    """Read a profile from TOML; raises `UsageError`, which names the problem and `where`."""
    values = parse_toml(text, f"The prompt profile {where}")
    if "name" in values:
        raise UsageError(f"The prompt profile {where} names itself; a profile is called as its file is.")
    try:
        return PromptProfile(name=name, **values)
    except ValidationError as error:
        raise UsageError(f"The prompt profile {where} is wrong: {'; '.join(map(_said, error.errors()))}.") from error


def _said(problem: ErrorDetails) -> str:
    place = ".".join(map(str, problem["loc"]))
    unknown = problem["type"] == "extra_forbidden"
    reason = place_of(str(problem["loc"][-1]), _tables()) if unknown else problem["msg"].removeprefix("Value error, ")
    return f"{place or 'it'}: {reason}"


def _entries(table: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in table.model_fields.items() if name != "name"]


def _tables() -> dict[str, list[str]]:
    """Return the entries of a profile by the table that they stand below; "" is the part above all tables."""
    return {"": _entries(PromptProfile), "length": _entries(Length), "sampling": _entries(ProfileSampling)}


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
