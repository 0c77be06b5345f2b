"""Whether the first records of a topic can be read at all, or a setting such as --field is wrong.

A misspelt `--field` makes a dead letter of every record, but for an odd one: a plain text needs no field, and one
record in a hundred may have a field of the misspelt name. So neither one record that can be read proves anything, nor
one that cannot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from streaming.errors import DocumentError

# Fewer records that cannot be read say nothing about how they are read: a topic may begin with somebody's test.
_FEWEST = 3
# So many records that cannot be read for one kind of reason outweigh one other record. With nine in ten of a topic
# unread a setting is wrong, or the topic is not meant for gistream; of topics that people read, even careless ones, far
# more than a tenth can be read.
_OUTWEIGH = 10


def unreadable(errors: Sequence[DocumentError], readable: int) -> str | None:
    """Return the sentence that stops a query whose first records had these `errors`; None when it may go on.

    `readable` counts the records that could be read. One of them stands against 3 to 19 that cannot be read for one
    kind of reason, two against 20 to 29; none against 3 that cannot be read for whatever reasons.
    """
    if not errors:
        return None
    kind, same = Counter(error.type for error in errors).most_common(1)[0]
    total = len(errors) + readable
    odd = total - same
    is_overwhelming = same >= _FEWEST and odd <= max(1, same // _OUTWEIGH)
    if not is_overwhelming and (readable or len(errors) < _FEWEST):
        return None
    reasons = Counter(f"{error.type}: {error}" for error in errors if error.type == kind)
    share = f"None of the first {total}" if not readable else f"Only {readable} of the first {total}"
    return (
        f"{share} records can be read; most often {reasons.most_common(1)[0][0]}. Nothing was committed; look at the "
        "records with `gistream topics peek`, and correct --field, --format, --id-from or --uri-roots. With "
        "--skip-unreadable such records become dead letters."
    )
