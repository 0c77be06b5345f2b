"""Mail as people write it: what of a mail or a post is its message, and what it quotes or signs."""
