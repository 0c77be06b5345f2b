"""gistream: a structured-streaming summarization service.

`summarize_frame(documents)` is for your own batch jobs: see `streaming.spark.frame`.
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streaming.spark.frame import summarize_frame

__all__ = ["__version__", "summarize_frame"]
__version__ = version("gistream")


def __getattr__(name: str) -> Any:
    """Import `summarize_frame` on first use: it imports Spark, which most commands do not need."""
    if name != "summarize_frame":
        raise AttributeError(f"module 'streaming' has no attribute '{name}'")
    from streaming.spark.frame import summarize_frame

    return summarize_frame
