"""The registrar's storage in SQL."""
