"""Answers in JSON: the last answer for a text whose profile has a schema."""

from __future__ import annotations

import json
from asyncio import to_thread
from collections.abc import Sequence

from streaming.errors import DocumentFailed
from streaming.protocol import Sampling
from streaming.sentences import word_count
from streaming.summarizer.ladder import samplings
from streaming.summarizer.model_calls import ModelCalls
from streaming.summarizer.part_writer import PartWriter
from streaming.summarizer.prompts import PromptProfile
from streaming.summarizer.structured import choices, parse, strings_of

# JSON of fewer words is not judged by the text: a choice among given values, an amount.
_FEWEST_JUDGED_WORDS = 8


class JsonWriter:
    """Writes the answer for a text as JSON after the schema of its profile."""

    def __init__(
        self, calls: ModelCalls, profile: PromptProfile, sampling: Sampling, grammar: str | None, *, ladder: bool
    ) -> None:
        """Without the `ladder` there is one try, whose words are not judged."""
        self._calls, self._sampling, self._grammar, self._ladder = calls, sampling, grammar, ladder
        self._schema = profile.schema_ or {}

    async def write(self, writer: PartWriter, max_tokens: int) -> str:
        """Return JSON about a part, in at most `max_tokens`; raises `DocumentFailed` when the model has none."""
        part, problem = writer.part, ""
        # The values that the schema offers to the model need not stand in the text.
        offered = choices(self._schema)
        for sampling, may_retry in samplings(self._sampling) if self._ladder else [(self._sampling, False)]:
            generation = await self._calls.generate(
                part, part.text, sampling, max_tokens, may_retry=may_retry, grammar=self._grammar
            )
            value = parse(generation.text, self._schema)
            if value is None:
                cut = f" within {max_tokens} tokens (raise max_tokens)" if generation.finish == "length" else ""
                problem = f"no JSON after the profile's schema{cut}"
                continue
            faults = await to_thread(self._faults, writer, strings_of(value, excluded=offered))
            if not faults:
                return json.dumps(value, ensure_ascii=False)
            problem = f"JSON whose words are bad: {', '.join(faults)}"
        raise DocumentFailed(f"the model's answer was {problem}", type="BadAnswer")

    def _faults(self, writer: PartWriter, words: str) -> Sequence[str]:
        if not self._ladder or word_count(words) < _FEWEST_JUDGED_WORDS:
            return ()
        # Fields may take more words than a short text has.
        return [fault for fault in writer.judge(words, writer.part.text).faults if fault != "longer than its text"]
