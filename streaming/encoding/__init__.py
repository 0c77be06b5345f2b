"""Bytes from outside as text, or the name of what they are: `reading` is the way in."""
