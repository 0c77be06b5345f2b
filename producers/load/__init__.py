"""Load: made-up documents at a rate that does not wait for the system, to find out how much an installation takes."""
