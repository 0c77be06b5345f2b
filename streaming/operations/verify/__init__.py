"""Verify: an account of every record of the input."""
