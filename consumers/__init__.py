"""Consumers read the output topics, with nothing that a user's own consumer could not use."""
