"""The store: what the model has said once is not asked again.

    STORE/summaries/3f/3f2a...json       a summary, by its document, the profile and everything that decides its text
    STORE/generations/a0/a09c...json     one answer of the model, by its prompt and everything that decides its tokens
    STORE/generations/a0/a09c....4711...user     a mark: the document whose id has the SHA-256 4711... used the entry

A crash, a duplicate, a replay and a longer version of a book generate only what is new. The store is a cache: an entry
that is missing, cut, changed or of another key is a miss, and a store that fails is as if it were empty.
"""

from streaming.store.entry import Labels, hash_of_id
from streaming.store.keys import ModelIdentity, generation_key, summary_key
from streaming.store.maintenance import sweep
from streaming.store.store import Store, entry_path
from streaming.store.stored_engine import StoredEngine, working_on

__all__ = [
    "Labels",
    "ModelIdentity",
    "Store",
    "StoredEngine",
    "entry_path",
    "generation_key",
    "hash_of_id",
    "summary_key",
    "sweep",
    "working_on",
]
