"""The model file: where it is, whether it is whole, what it is, how much memory it takes. Loads no weights."""
