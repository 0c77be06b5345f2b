"""gistream: a structured-streaming summarization service."""

from importlib.metadata import version

__version__ = version("gistream")
