"""The citizen's side of cockpits: a key for each answer, receipts, and what partners say that they did."""
