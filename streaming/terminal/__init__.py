"""What commands show and share on a terminal: lines, progress, tables, journals, Ctrl-C."""
