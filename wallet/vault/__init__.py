"""The vault: one SQLite file, every record sealed, opened by a passphrase. See docs in `vault`."""
