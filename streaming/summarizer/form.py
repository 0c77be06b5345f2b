"""The form of a summary that a profile asks for: prose or lines, how many lines, bullets, a least length.

A grammar makes the model write so many lines. Marks are put where they belong, lines too many go, and sentences that
stand in one line become lines. What cannot be had so is retried, and named when it is still missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from streaming.sentences import split_sentences
from streaming.summarizer.extract import most_important
from streaming.summarizer.prompts import PromptProfile

# What a profile or a recipe may ask for and a summary lack.
Missing = Literal["lines", "least", "language", "evidence"]
_MARK = re.compile(r"\s*(?:[-*•–▪]|\d{1,2}[.)])\s+")
_BULLET = "- "


@dataclass(frozen=True)
class Form:
    """What a profile asks of the form of a summary; `language` is the text's, by which sentences are cut.

    With `in_lines` a summary consists of lines, of so many with `lines`. Sentences of the text get `mark` before each;
    the model's lines get it where the form is `strict`.
    """

    in_lines: bool
    strict: bool
    lines: int | None
    mark: str
    least: int | None
    language: str

    @classmethod
    def of(cls, profile: PromptProfile, language: str) -> Form:
        """Return the form that a profile asks for."""
        # A list of any length has always had dashes where sentences of the text made it.
        mark = _BULLET if profile.bullets or (profile.keep_lines and profile.lines is None) else ""
        strict = profile.bullets or profile.lines is not None
        return cls(profile.in_lines, strict, profile.lines, mark, profile.length.least, language)

    @property
    def grammar(self) -> str | None:
        """The GBNF of so many lines; None where their number is free."""
        if self.lines is None:
            return None
        line = f'"{self.mark}" line' if self.mark else "line"
        lines = ' "\\n" '.join([line] * self.lines)
        # A line has a letter or so before it may end, and no mark of its own.
        return f"root ::= {lines}\nline ::= [^-*•\\n\\r \\t] [^\\n\\r]+\n"

    def shaped(self, summary: str, *, whole: bool = True) -> str:
        """Return a summary with its marks, each sentence of a paragraph in a line, and no more lines than asked for.

        A part of a summary that is not `whole` keeps all of its lines.
        """
        if not self.strict:
            return summary
        lines = self.split(summary)
        if len(lines) == 1 and self.lines != 1:
            lines = [sentence.strip() for sentence in split_sentences(lines[0], self.language) if sentence.strip()]
        if whole and self.lines is not None and len(lines) > self.lines:
            lines = most_important(lines, self.lines, self.language)
        return self.joined(lines)

    def split(self, summary: str) -> list[str]:
        """Return the lines of a summary without their marks."""
        return [line for raw in summary.splitlines() if (line := without_mark(raw))]

    def joined(self, lines: Sequence[str]) -> str:
        """Return lines as a summary."""
        return "\n".join(f"{self.mark}{without_mark(line)}" for line in lines)

    def missing(self, summary: str, count: Callable[[str], int]) -> list[Missing]:
        """Return what a finished summary lacks; `count` gives its tokens."""
        result = list[Missing]()
        if self.lines is not None and len(self.split(summary)) != self.lines:
            result.append("lines")
        if self.least is not None and count(summary) < self.least:
            result.append("least")
        return result


def without_mark(line: str) -> str:
    """Return a line of a list without its dash or number."""
    return _MARK.sub("", line, count=1).strip() if _MARK.match(line) else line.strip()
