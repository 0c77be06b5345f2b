"""The steps of the ladder for one part of a text: the model's summaries of it, their verdicts, and extracts."""

from __future__ import annotations

from dataclasses import replace

from streaming.protocol import Sampling
from streaming.summarizer.cutting import TextCutter
from streaming.summarizer.form import Form
from streaming.summarizer.guards import Verdict, judge
from streaming.summarizer.languages import SummaryLanguages
from streaming.summarizer.model_calls import ModelCalls
from streaming.summarizer.prompts import PromptProfile
from streaming.summarizer.strategies import Part
from streaming.summarizer.trimming import trim_answer


class PartWriter:
    """Writes summaries of one part; implements `ladder.LadderSteps`."""

    def __init__(
        self,
        part: Part,
        calls: ModelCalls,
        cutter: TextCutter,
        profile: PromptProfile,
        languages: SummaryLanguages,
        form: Form,
    ) -> None:
        self.part = part
        self._calls, self._cutter, self._profile, self._languages = calls, cutter, profile, languages
        self._form = form

    @property
    def is_whole(self) -> bool:
        """Whether the summary of the part is one of all that was read so far, and so has the form asked for."""
        return self.part.of == 1 or self.part.stage in ("whole", "refined")

    async def generate(self, text: str, sampling: Sampling, max_tokens: int, *, may_retry: bool) -> str:
        """Return the model's summary of the part or a half of it, in whole sentences; "" when it has none."""
        grammar = self._form.grammar if self.is_whole else None
        generation = await self._calls.generate(
            self.part, text, sampling, max_tokens, may_retry=may_retry, grammar=grammar
        )
        answer = trim_answer(generation, lines=self._profile.in_lines, language=self._languages.text)
        return self._form.shaped(answer, whole=self.is_whole)

    def judge(self, summary: str, text: str) -> Verdict:
        """Say what is wrong with a summary of `text`, also with its form."""
        verdict = self.judge_words(summary, text)
        if self.is_whole and "lines" in self._form.missing(summary, len):
            return replace(verdict, faults=(*verdict.faults, "another number of lines"))
        return verdict

    def judge_words(self, summary: str, text: str) -> Verdict:
        """Say what is wrong with what a summary of `text` says."""
        part = self.part
        return judge(
            summary,
            text,
            language=self._languages.text,
            instructions=self._calls.budget.instruction_text(part.stage, number=part.number, of=part.of),
            lines=self._profile.output == "json" or self._profile.in_lines,
            answered_in=self._languages.required,
        )

    def halve(self, text: str) -> list[str]:
        """Cut a text in two; it stays whole when it cannot be cut."""
        return self._cutter.halve(text)

    def extract(self, text: str, tokens: int) -> str:
        """Return the most important sentences of a text, about `tokens` of them."""
        return self._cutter.extract(text, tokens)

    def join(self, summaries: list[str]) -> str:
        """Make one summary of several."""
        return self._cutter.join(summaries)
