"""Spark: the session, the plan of a query, its stream from source to sinks, and what became of it."""
