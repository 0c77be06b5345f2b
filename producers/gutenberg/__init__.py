"""Books of Project Gutenberg as documents, a chapter each: `download` gets one, `book` reads it."""
