"""The verifier's store in SQL."""
