"""The instructions of this CPU that this llama.cpp was built to use, as llama.cpp names them.

A program of its own (`python -m streaming.engine.model.instructions`) prints them, so that the driver starts without
llama.cpp.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache

# llama.cpp's library is loaded in half a second; a disk that sleeps takes longer.
_SECONDS = 60
_INSTRUCTION = re.compile(r"(\w+) = 1\b")


@cache
def instructions() -> frozenset[str]:
    """Return the names, such as "AVX512_BF16"; none when llama.cpp does not say them.

    A library that was built for other processors does not use all that this one has, so the CPU alone says little.
    """
    command = [sys.executable, "-m", "streaming.engine.model.instructions"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return frozenset()
    return frozenset(_INSTRUCTION.findall(process.stdout))


def main() -> None:
    """Print what llama.cpp says about this system."""
    import llama_cpp

    sys.stdout.write(llama_cpp.llama_print_system_info().decode())


if __name__ == "__main__":
    main()
