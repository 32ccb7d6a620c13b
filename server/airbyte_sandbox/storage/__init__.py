"""The sandbox's own state, in SQLite."""
