"""Sinks: the ends of a query."""
