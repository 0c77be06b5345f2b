"""Prompts: messages become the tokens that the model was trained on, and no message's text becomes a control token.

The pieces of a rendered template are cut at the template's own control tokens. The text between two of them, the
template's words and the messages' together, is tokenized at once as plain text. So tokens merge across the edges of a
message, and a vocabulary that opens every text with a space does so, exactly as when llama.cpp gets the whole prompt.
But a message's text is never searched for control tokens, so it cannot hold one.

Two other ways are closed as well. llama.cpp recognizes user-defined tokens in any text, and some files declare their
role markers as user-defined; and a merge of plain characters may give a control token. Where plain text gives such a
token, the text of the token is cut in two and the halves are tokenized separately.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import llama_cpp as llama

from streaming.engine.lanes.template import ChatTemplate, Piece, join
from streaming.engine.lanes.thinking import Tags
from streaming.engine.lanes.vocabulary import Vocabulary, is_marker
from streaming.protocol import Message

# The white space of C's isspace, which a token may be declared to absorb.
_SPACE = " \t\n\v\f\r"
# A tag of thinking has up to ten tokens, and white space may follow it.
_TAIL = 32
# The template's own texts between messages: a handful for each prompt, the same for all prompts of one shape.
_CACHED_TEXTS = 256


class Prompts:
    """Makes prompts for one model: by its chat `template`, or as plain text (completion style) when there is none.

    A last message of the assistant is the beginning of the answer, which the model continues. A model that thinks
    between `tags` is kept from thinking when the prompt begins the answer, or when `thinking` is false.
    """

    def __init__(
        self, vocabulary: Vocabulary, template: ChatTemplate | None, *, tags: Tags | None = None, thinking: bool = True
    ) -> None:
        self._vocabulary, self._template = vocabulary, template
        self._tags, self._thinking = tags, thinking
        own_text = template.own_text if template else ""
        # The tokens that are recognized in the template's text, the longest first as in llama.cpp, and the tokens that
        # must not come out of a message's text.
        self._markers: list[tuple[str, int]] = []
        self._attributes: dict[int, int] = {}
        self._forbidden: dict[int, str] = {}
        for token, text, attributes in vocabulary.special():
            self._attributes[token] = attributes
            forbidden = _is_forbidden(text, attributes, own_text)
            if forbidden or attributes & llama.LLAMA_TOKEN_ATTR_UNKNOWN:
                self._markers.append((text, token))
            if forbidden:
                self._forbidden[token] = text
        self._markers.sort(key=lambda marker: -len(marker[0].encode()))
        self._cut = lru_cache(_CACHED_TEXTS)(self._cut_at_markers)

    def render(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt for `messages`; raises `EngineError` when the template refuses them."""
        if self._template is None:
            return self.encode(join(messages))
        answer_start = messages[-1].content if messages and messages[-1].role == "assistant" else None
        pieces = self._template.render(messages[:-1] if answer_start is not None else messages)
        tags = self._tags
        if tags and (answer_start is not None or not self._thinking) and tags.open_in(pieces[-1].text):
            pieces.append(Piece(tags.ending, trusted=True))
        if answer_start is not None:
            pieces.append(Piece(answer_start, trusted=False))
        return self.encode(pieces)

    def opens_thinking(self, prompt: Sequence[int]) -> bool:
        """Tell whether a prompt that was rendered here ends where the model's thinking begins."""
        if self._tags is None:
            return False
        tail = b"".join(self._vocabulary.piece(token, special=True) for token in prompt[-_TAIL:])
        return self._tags.open_in(tail.decode(errors="replace"))

    def encode(self, pieces: Sequence[Piece]) -> list[int]:
        """Return the tokens of `pieces`; BOS is added in front when the model's file asks for it and it is missing."""
        tokens: list[int] = []
        plain: list[str] = []
        for piece in pieces:
            for part in self._cut(piece.text) if piece.trusted else (piece.text,):
                if isinstance(part, str):
                    plain.append(part)
                else:
                    tokens += self._plain("".join(plain), after=tokens[-1:], before=part)
                    tokens.append(part)
                    plain = []
        tokens += self._plain("".join(plain), after=tokens[-1:], before=None)
        bos = self._vocabulary.bos
        if bos is not None and self._vocabulary.adds_bos and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def _plain(self, text: str, *, after: Sequence[int], before: int | None) -> list[int]:
        """Return the tokens of the text `after` one control token and `before` another; none of them is forbidden."""
        if any(self._attributes.get(token, 0) & llama.LLAMA_TOKEN_ATTR_RSTRIP for token in after):
            text = text.lstrip(_SPACE)
        if before is not None and self._attributes.get(before, 0) & llama.LLAMA_TOKEN_ATTR_LSTRIP:
            text = text.rstrip(_SPACE)
        tokens = self._vocabulary.tokenize(text, trusted=False)
        if self._forbidden.keys().isdisjoint(tokens):
            return tokens
        # Every marker in the text, also one within another, is cut after its first character.
        markers = "|".join(map(re.escape, sorted(set(self._forbidden.values()), key=len, reverse=True)))
        cuts = [match.start() + 1 for match in re.finditer(f"(?={markers})", text)]
        halves = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        separate = [token for half in halves for token in self._vocabulary.tokenize(half, trusted=False)]
        # A forbidden token that comes out even so, as from a vocabulary that ignores case, is left out.
        return [token for token in separate if token not in self._forbidden]

    def _cut_at_markers(self, text: str) -> tuple[str | int, ...]:
        """Cut the template's own text into control tokens and the plain text between them."""
        parts: list[str | int] = [text]
        for marker, token in self._markers:
            if marker in text:
                parts = [piece for part in parts for piece in _split(part, marker, token)]
        return tuple(parts)


def _is_forbidden(text: str, attributes: int, own_text: str) -> bool:
    """Tell whether a token means more than its text, so that none may come out of a message.

    True for every control token, for the other tokens that begin or end a text, and for every user-defined token that
    marks something in the template. False for a token of ordinary text, such as a run of spaces in some vocabularies.
    """
    if attributes & llama.LLAMA_TOKEN_ATTR_CONTROL:
        return True
    user_defined = attributes & llama.LLAMA_TOKEN_ATTR_USER_DEFINED
    return (
        is_marker(text) and not attributes & llama.LLAMA_TOKEN_ATTR_UNKNOWN and (not user_defined or text in own_text)
    )


def _split(part: str | int, marker: str, token: int) -> list[str | int]:
    if isinstance(part, int):
        return [part]
    pieces: list[str | int] = []
    for place, text in enumerate(part.split(marker)):
        if place:
            pieces.append(token)
        if text:
            pieces.append(text)
    return pieces
