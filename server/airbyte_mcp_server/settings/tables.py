"""The tables `[instances.NAME]` of the settings file: several Airbytes, or one that has a name."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from airbyte_mcp_server.settings.airbyte import AIRBYTE_NAMES
from airbyte_mcp_server.settings.model import SETTING_NAMES, SettingsError
from airbyte_mcp_server.settings.secret_files import SUFFIX, Value, with_file_forms, with_secrets_read

INSTANCES = "instances"
SHARED = "ca_bundle"
"""May stand beside the tables, and counts for each: webhook and OAuth issuer are reached with it, too."""

_TABLES = TypeAdapter(dict[str, dict[str, Value]])
_KEYS = with_file_forms(sorted(AIRBYTE_NAMES))


def require_known_keys(values: Mapping[str, Value], file: Path) -> None:
    """See that the tables, if there are any, hold settings of an Airbyte and nothing else.

    Raises:
        SettingsError: There is something else; the message names the nearest right key.
    """
    try:
        tables = _tables(values)
    except ValidationError:
        tables = {}
    if INSTANCES in values and not tables:
        raise SettingsError(f"{INSTANCES} in {file} holds tables, one for each Airbyte: [{INSTANCES}.prod].")
    for name, table in tables.items():
        for key in sorted(table.keys() - _KEYS):
            raise SettingsError(f"{INSTANCES}.{name}.{key} in {file} is not a setting. {_instead(key, name)}")


def _instead(key: str, name: str) -> str:
    if key in with_file_forms(SETTING_NAMES):
        return f"{key} is for the whole server: write it above the tables."
    (nearest,) = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.0)
    return f"Did you mean {INSTANCES}.{name}.{nearest}?"


def with_instances_read(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values with each table's secrets read, and with what the tables share in each.

    Raises:
        SettingsError: A secret cannot be read, or one more Airbyte is described beside the tables.
    """
    tables = _tables(values)
    if not tables:
        return dict(values)
    beside = sorted(name for name in values.keys() - {SHARED} if name.removesuffix(SUFFIX) in AIRBYTE_NAMES)
    if beside:
        raise SettingsError(
            f"{', '.join(beside)}: for which Airbyte? The settings file has tables of them"
            f" ([{INSTANCES}.NAME]). Write it into one of these, or take them away; flags and variables"
            " count here, too."
        )
    shared = {SHARED: values[SHARED]} if SHARED in values else {}
    read = {name: shared | with_secrets_read(table, f"{INSTANCES}.{name}.") for name, table in tables.items()}
    return {**values, INSTANCES: read}


def files_in(values: Mapping[str, Value]) -> Iterator[tuple[str, Path]]:
    """Each file that holds a secret of an Airbyte, with its key."""
    for name, table in _tables(values).items():
        for key in sorted(key for key in table if key.endswith(SUFFIX)):
            yield f"{INSTANCES}.{name}.{key}", Path(str(table[key])).expanduser()


def _tables(values: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    return _TABLES.validate_python(values.get(INSTANCES, {}))
