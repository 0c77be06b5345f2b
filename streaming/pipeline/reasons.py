"""Every reason that a dead letter can have, by number: a micro-batch's dead letters are counted by it.

The reasons are known before, so a monitoring system never gets a new series for what stands in a document.
"""

from __future__ import annotations

# Stands for a type that is not named below, such as that of a worker of another version.
OTHER = "Other"
# The types of `DocumentError`s, by the stage in which they come up.
_DECODE = (
    *("Binary", "EmptyText", "Encoded", "Framed", "InvalidDocument", "InvalidJson", "NoId", "NoKey", "NoText"),
    *("HashDiffers", "NotUtf8", "SchemaMismatch", "SchemaUnknown", "TooDeep", "TooLarge", "Unframed", "UriNoFile"),
    *("UriNotAllowed", "UriNotFound", "UriNotReadable", "Unexpected"),
)
_SUMMARIZE = (
    *("BadAnswer", "DeadlineExceeded", "DocumentTooLong", "EmptyText", "EngineCrashed", "NotLanguage"),
    *("PromptTooLong", "UnknownPrompt", "Unexpected"),
)
_PUBLISH = ("ResultTooLarge", "Unexpected")
# Each with its stage and its type.
REASONS = tuple(
    (stage, kind)
    for stage, kinds in (("decode", _DECODE), ("summarize", _SUMMARIZE), ("publish", _PUBLISH))
    for kind in (*kinds, OTHER)
)
_NUMBERS = {reason: number for number, reason in enumerate(REASONS)}


def reason_number(stage: str, kind: str) -> int:
    """Return the place of a reason in `REASONS`."""
    return _NUMBERS.get((stage, kind), _NUMBERS[stage, OTHER])
