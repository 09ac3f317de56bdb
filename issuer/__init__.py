"""The agency's role: offers and issues credentials, and changes their status."""
