"""The way of one record, without Spark: decode it, summarize it, make its result."""
