"""Forget: what there is of documents, found and removed."""
