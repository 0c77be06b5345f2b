"""What in a text is addressed to the model that reads it: orders, forged turns, marks of a chat template.

It is text like the rest, and is summarized as such. But a summary must be grounded in the rest, or it may be the
answer to an order; and an extract is taken from the rest, as long as there is one. A list of phrases finds what people
are known to try, in a few languages, and no more.
"""

from __future__ import annotations

import re

from streaming.summarizer.sentences import split_sentences, word_count

# What chat templates write around turns.
MARKS = re.compile(
    r"<\|[^|>\n]{1,40}\|>|<｜[^｜>\n]{1,40}｜>|</?(?:s|bos|eos|think|start_of_turn|end_of_turn)>|\[/?INST\]|<</?SYS>>"
    r"|(?m:^(?:system|user|assistant|human)\s*:)",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,60}\b(?:above|previous|earlier|instructions?|rules|prompt)\b"
    r"|\b(?:your|new|system) (?:task|prompt|instructions?)\b|\bsummar(?:y|ies|iz\w+|is(?:e|ing|er)\w*)\b"
    r"|\b(?:answer|reply|respond|output|print|repeat|write|say)\b[^.\n]{0,20}"
    r"\b(?:only|nothing else|from now on|prompt)\b"
    r"|\byou are now\b|\ban assistant\b|\b(?:im|start|end)_(?:start|end|turn)\b"
    r"|</?instructions?>|#+ ?(?:instruction|response)\b"
    r"|\b(?:ignoriere|vergiss)\b[^.\n]{0,60}\b(?:anweisung|befehl)|\bantworte nur\b"
    r"|\b(?:ignore|ignorez|oublie|oubliez)\b[^.\n]{0,60}\binstructions\b|\bréponds seulement\b"
    r"|\b(?:ignora|olvida)\b[^.\n]{0,60}\binstrucciones\b|忽略[^。\n]{0,30}(?:指令|指示)|只(?:回答|输出)",
    re.IGNORECASE,
)
# A longer paragraph is looked at sentence by sentence.
_SHORT = 60


def rest(text: str, *, language: str) -> str:
    """Return `text` without what is addressed to a model; all of it when nothing else is left."""
    parts: list[str] = []
    for paragraph in re.split(r"(?<=\n)\s*\n", text):
        short = word_count(paragraph) <= _SHORT
        parts += [f"{paragraph}\n"] if short else [*split_sentences(paragraph, language), "\n"]
    kept = "".join(part for part in parts if not MARKS.search(part) and not _ORDERS.search(part))
    return kept if any(character.isalnum() for character in kept) else text
