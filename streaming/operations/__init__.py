"""What an operator does with an installation, one file an operation."""
