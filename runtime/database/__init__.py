"""Storage on SQLAlchemy Core: SQLite as the embedded default, PostgreSQL for many workers; both durable."""
