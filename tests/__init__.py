"""The tests: they mirror the source, with their own data in cases and their tools in support."""
