"""The checkpoint: what a query keeps on disk, where it stands in its topics, and what it has lost there."""
