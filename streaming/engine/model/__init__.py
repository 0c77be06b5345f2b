"""The model file: find it, prove that it is whole, describe it, predict its memory. Loads no weights."""
