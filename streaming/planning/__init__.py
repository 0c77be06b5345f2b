"""Decisions of the driver before anything starts: the layout, the engine, token limits, the work."""
