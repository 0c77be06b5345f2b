"""Read the output topics as any user's consumer would."""
