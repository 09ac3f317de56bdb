"""Longer stories that the walk through the town plays, each in a module of its own."""
