"""A usage log in SQL, beside a role's own tables and in its transactions."""
