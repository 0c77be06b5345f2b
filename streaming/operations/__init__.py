"""The operations on an installation, one file for each."""
