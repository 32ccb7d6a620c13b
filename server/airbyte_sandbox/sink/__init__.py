"""Where rows land: a SQLite, JSONL or DuckDB file of each destination, the saved states beside the rows."""
