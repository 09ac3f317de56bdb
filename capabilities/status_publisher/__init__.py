"""Publishing status lists: places in them to give out, states to change, tokens to serve (Token Status List)."""
