"""A blind relay: two sides leave each other encrypted messages for some seconds (docs/decisions/0032)."""
