"""The terminal of commands: lines, progress bars, tables, journals, Ctrl-C."""
