"""The issuer's store and register in SQL."""
