"""Abilities with a state of their own that several roles have; strangers to one another."""
