"""Readable text: what of a document is language. The rest is left out before the model sees it, and counted."""

from streaming.mail.asides import message_start
from streaming.summarizer.readable.kinds import Kind
from streaming.summarizer.readable.readable_text import ReadableText, read_text

__all__ = ["Kind", "ReadableText", "message_start", "read_text"]
