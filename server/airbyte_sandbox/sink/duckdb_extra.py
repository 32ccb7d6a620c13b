"""DuckDB is an extra: installed by those who want it, and loaded when a connection first writes into it."""

from importlib.util import find_spec

MISSING = "A DuckDB destination needs DuckDB: pip install 'airbyte-mcp-server[duckdb]'"


def is_installed() -> bool:
    """Whether DuckDB can be imported; does not import it."""
    return find_spec("duckdb") is not None
