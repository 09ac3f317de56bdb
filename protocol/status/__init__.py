"""Whether an issued credential still holds: lists of statuses, their tokens, and looking one up (Token Status List)."""
