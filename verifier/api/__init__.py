"""The verifier's endpoints: those of the protocols, and those for a partner's programs."""
