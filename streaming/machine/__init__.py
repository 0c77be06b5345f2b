"""What this computer has: cores, as control groups allow them, and Java."""
