"""Documents in: one file a kind of producer, and the publisher that they share."""
