"""Moving: what a wallet hands over to the next one, and what the next one makes of it."""
