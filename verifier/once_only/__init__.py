"""Once-only services: what is known already is shown by the wallet, and nobody is asked for it again."""
