"""Vocabularies of tiny models, as SentencePiece and byte-level BPE make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gguf import TokenType

WORDS = [
    "the", "and", "of", "to", "was", "he", "she", "that", "in", "his", "her", "with", "had", "Anna", "mill", "bell",
    "roof", "smoke", "fire", "end", "user", "system", "text",
]  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Tokens with their types, and scores (SPM) or merges (BPE)."""

    kind: str
    pre: str
    tokens: list[str]
    types: list[int]
    scores: list[float]
    merges: list[str]
    space_prefix: bool = True

    def number(self, token: str) -> int:
        return self.tokens.index(token)


def spm(
    markers: Sequence[str] = (),
    *,
    user_defined: Sequence[str] = (),
    pieces: Sequence[str] = (),
    space_prefix: bool = True,
) -> Vocabulary:
    """Return a vocabulary as SentencePiece makes it: BOS and EOS, bytes, characters, words with a space before them."""
    tokens = ["<unk>", "<s>", "</s>"]
    types = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    types += [TokenType.BYTE] * 256
    pieces = [*pieces, "▁", *(chr(code) for code in range(33, 127))]
    for word in WORDS:
        pieces += [text[:end] for text in (word, f"▁{word}") for end in range(2, len(text) + 1)]
    pieces = list(dict.fromkeys(pieces))
    tokens += pieces
    types += [TokenType.NORMAL] * len(pieces)
    tokens += [*markers, *user_defined]
    types += [TokenType.CONTROL] * len(markers) + [TokenType.USER_DEFINED] * len(user_defined)
    # Longer pieces are worth more, as frequent ones are.
    scores = [
        float(len(token)) - 100 if kind == TokenType.NORMAL else 0.0 for token, kind in zip(tokens, types, strict=True)
    ]
    return Vocabulary("llama", "default", tokens, [int(kind) for kind in types], scores, [], space_prefix)


def bpe(pre: str, markers: Sequence[str] = (), *, user_defined: Sequence[str] = ()) -> Vocabulary:
    """Return a byte-level BPE vocabulary: 256 bytes, and the merges that make some words of them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}
    tokens, merges = [letters[byte] for byte in range(256)], []
    for word in WORDS:
        for text in (word, f"Ġ{word}"):
            for end in range(1, len(text)):
                merge = f"{text[:end]} {text[end]}"
                if merge not in merges:
                    merges.append(merge)
                    tokens.append(text[: end + 1])
    # A merge of one space and a line end, so that a document's edge can grow into the template's text.
    merges.append("Ċ Ċ")
    tokens.append("ĊĊ")
    tokens = list(dict.fromkeys(tokens))
    types = [TokenType.NORMAL] * len(tokens) + [TokenType.CONTROL] * len(markers)
    types += [TokenType.USER_DEFINED] * len(user_defined)
    tokens += [*markers, *user_defined]
    return Vocabulary("gpt2", pre, tokens, [int(kind) for kind in types], [], merges)
