"""The issuer's endpoints: those of the protocols, and those of the administration."""
