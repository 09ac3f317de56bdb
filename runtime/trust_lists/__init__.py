"""Lists of trusted entities in an installation: which are followed, what was fetched, and whom they make trusted now."""
