"""Books of Project Gutenberg as documents, a chapter each: `download` gets one, `book` reads it."""

GUTENBERG = "https://www.gutenberg.org/cache/epub"
