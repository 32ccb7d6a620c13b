"""Which tables of the destination a connection writes, as far as Airbyte tells."""

from pydantic import JsonValue

from airbyte_client import Connection
from airbyte_tools.words import quoted


def covered_tables(connection: Connection) -> JsonValue:
    """What decides, besides the streams, which tables are hit: other values are other tables."""
    return {
        "prefix": connection.prefix or None,
        "namespace": connection.namespace_definition or None,
        "format": connection.namespace_format or None,
    }


def table_words(connection: Connection) -> str:
    """Namespace and prefix of the tables, as a sentence."""
    prefix = f"with prefix {quoted(connection.prefix)}" if connection.prefix else "without prefix"
    return f"Its tables: {prefix}, in {_namespace_words(connection)}."


def _namespace_words(connection: Connection) -> str:
    match connection.namespace_definition or None:
        case None:
            return "a namespace that this Airbyte does not tell"
        case "source":
            return "the namespaces of the source"
        case "destination":
            return "the destination's default namespace"
        case "custom_format":
            return f"namespace {quoted(connection.namespace_format or '')}"
        case other:
            return f"a namespace by the rule {quoted(other)}"
