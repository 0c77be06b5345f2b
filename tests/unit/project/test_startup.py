"""Every command starts fast: it loads what it uses, and no command pays for another."""

from __future__ import annotations

import subprocess
import sys

# Each takes between a tenth of a second and two seconds to load.
HEAVY = ("kafka", "llama_cpp", "pandas", "pyarrow", "pyspark", "requests", "sentencex", "huggingface_hub", "jinja2")


def test_the_command_line_loads_no_heavy_library_before_a_command_needs_it() -> None:
    code = f"import streaming.cli.main, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
