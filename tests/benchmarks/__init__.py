"""Measures what the project promises to be fast at; `make bench` runs it on one core. Nothing here is a test."""
