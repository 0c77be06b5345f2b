"""A model's vocabulary, through llama.cpp: text to tokens and back, and what is special about each token.

Only reads, so every method is safe to call from any thread. `prompt` makes prompts of the tokens.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import llama_cpp as llama

from streaming.errors import EngineError


class Vocabulary:
    """The tokens of one loaded model; `vocab` is llama.cpp's pointer and lives as long as the model."""

    def __init__(self, vocab: Any) -> None:
        self._vocab = vocab
        self.bos = self._marker(int(llama.llama_vocab_bos(vocab)))
        self.adds_bos = self.bos is not None and bool(llama.llama_vocab_get_add_bos(vocab))
        eos = self._marker(int(llama.llama_vocab_eos(vocab)))
        self.bos_text, self.eos_text = self._text_of(self.bos), self._text_of(eos)

    def __len__(self) -> int:
        return int(llama.llama_vocab_n_tokens(self._vocab))

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of `text`, without BOS or EOS; control tokens are recognized only in `trusted` text.

        User-defined tokens are recognized in any text, as in llama.cpp.
        """
        raw = text.encode(errors="replace")
        # No token is shorter than a byte; some vocabularies put one token before the first.
        size = len(raw) + 2
        tokens = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocab, raw, len(raw), tokens, size, False, trusted)
        if count < 0:
            raise EngineError(f"llama.cpp could not tokenize a text of {len(raw)} bytes.")
        return list(tokens[:count])

    def piece(self, token: int, *, special: bool) -> bytes:
        """Return the bytes of `token`; those of a control token only when `special`."""
        buffer = ctypes.create_string_buffer(64)
        length = llama.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
        if length < 0:
            buffer = ctypes.create_string_buffer(-length)
            length = llama.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[:length]

    def ends(self, token: int) -> bool:
        """Tell whether `token` ends a generation: EOS, the end of a turn, or another token that llama.cpp treats so."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def special(self) -> Iterator[tuple[int, str, int]]:
        """Yield the number, text and attributes of each token that is more than a piece of text; 0.2 s for 150,000."""
        kinds = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED | llama.LLAMA_TOKEN_ATTR_UNKNOWN
        vocab, get_attr = self._vocab, llama.llama_vocab_get_attr
        for token in range(len(self)):
            attributes = get_attr(vocab, token)
            if attributes & kinds or token == self.bos or self.ends(token):
                text = llama.llama_vocab_get_text(vocab, token).decode(errors="replace")
                if text:
                    yield token, text, attributes

    def _marker(self, token: int) -> int | None:
        """Return `token` when the vocabulary has it and it is a marker.

        For a file without BOS, llama.cpp returns -1 or its own default number, which may be a comma in this vocabulary.
        """
        if token < 0:
            return None
        control = llama.llama_vocab_get_attr(self._vocab, token) & llama.LLAMA_TOKEN_ATTR_CONTROL
        return token if control or is_marker(self._text_of(token)) else None

    def _text_of(self, token: int | None) -> str:
        return "" if token is None else self.piece(token, special=True).decode(errors="replace")


def is_marker(text: str) -> bool:
    """Tell whether a token's text is that of a marker: letters and punctuation together, as in `<s>` or `[INST]`.

    Words, white space, digits and runs of punctuation are ordinary text.
    """
    return re.fullmatch(r"[\w\s▁]*|[\W_]*", text) is None
