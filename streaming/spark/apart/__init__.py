"""Micro-batches of records that gistream reads itself: those that Spark cannot decode, and those of a replay."""
