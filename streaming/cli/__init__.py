"""The `gistream` command: `main`, and one file a command."""
