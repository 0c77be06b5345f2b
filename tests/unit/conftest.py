from __future__ import annotations

from hypothesis import settings

# The same examples in every run, and no folder of them: a unit test that fails here fails everywhere.
settings.register_profile("gistream", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("gistream")
