"""Redrive: dead letters, what became of them, and their way back to the input."""
