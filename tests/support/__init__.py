"""What tests stand on: vectors, cases, a PostgreSQL of their own, the source tree."""
