from __future__ import annotations

import os

from hypothesis import settings

# The same examples in every run, and no folder of them: a unit test that fails here fails everywhere.
settings.register_profile("gistream", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("gistream")
# A test that wants a store names one: the default would be the developer's own.
os.environ["GISTREAM_STORE"] = "off"
