"""Gathers settings from flags, environment and file, and refuses what it does not know.

A mistyped safety setting that is silently ignored is worse than none. So an
unknown name stops the start and names the nearest right one.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from airbyte_mcp_server.settings.model import (
    SECRET_NAMES,
    SETTING_NAMES,
    Settings,
    SettingsError,
    flag_of,
    variable_of,
)
from airbyte_mcp_server.settings.secret_files import Value, with_file_forms, with_secrets_read
from airbyte_mcp_server.settings.tables import (
    INSTANCES,
    files_in,
    require_known_keys,
    with_instances_read,
)

CONFIG_VARIABLE = "AIRBYTE_MCP_CONFIG"
OWN_PREFIXES = ("AIRBYTE_MCP_", "AIRBYTEMCP_")
AIRBYTE_PREFIX = "AIRBYTE_"

# Other programs own variables that begin with AIRBYTE_ too; only what looks like a slip of ours is refused.
LOOKS_LIKE_A_SLIP = 0.9
LOOKS_LIKE_A_SAFETY_SETTING = 0.8
SAFETY_NAMES = (
    "read_only",
    "terminal_approvals",
    "approve_seconds",
    "apply_seconds",
    "cool_down_seconds",
    "policy_file",
    "tool_sets",
    "tokens_file",
    "oauth_issuer",
    "oauth_audience",
    "allowed_hosts",
    "changes_per_minute",
    "dangerously_allow_model_confirmation",
)


def load_settings(
    flags: Mapping[str, Value], environment: Mapping[str, str] | None = None, config: Path | None = None
) -> Settings:
    """Read, merge and check every source.

    Args:
        flags: Setting names to values, only those given on the command line.
        environment: Variables; the process's own by default.
        config: The TOML file; else the one that AIRBYTE_MCP_CONFIG names, if any.

    Raises:
        SettingsError: A name is unknown, a value is wrong, or a file cannot be read.
    """
    merged, _ = _gathered(flags, environment, config)
    try:
        return Settings.model_validate(with_secrets_read(with_instances_read(merged)))
    except ValidationError as error:
        raise SettingsError("; ".join(_told(problem) for problem in error.errors())) from None


def files_named(
    flags: Mapping[str, Value], environment: Mapping[str, str] | None = None, config: Path | None = None
) -> dict[str, Path]:
    """The files that settings come from or are in, by the setting that names each; the TOML file is `config`.

    Args:
        flags: As `load_settings`.
        environment: As `load_settings`.
        config: As `load_settings`.

    Raises:
        SettingsError: A name is unknown, or the TOML file cannot be read.
    """
    merged, named = _gathered(flags, environment, config)
    files = {name: Path(str(value)).expanduser() for name, value in merged.items() if name.endswith("_file")}
    files |= dict(files_in(merged))
    return files | ({"config": named} if named else {})


def _gathered(
    flags: Mapping[str, Value], environment: Mapping[str, str] | None, config: Path | None
) -> tuple[dict[str, Value], Path | None]:
    """Every source merged, and the TOML file that was one of them."""
    variables = os.environ if environment is None else environment
    from_environment = _from_environment(variables)
    named = config or (Path(variables[CONFIG_VARIABLE]) if variables.get(CONFIG_VARIABLE) else None)
    from_file = _from_file(named) if named else {}
    return _merged(from_file, from_environment, dict(flags)), named


_SIGN_IN = {
    "client_id": "application",
    "client_secret": "application",
    "secret_access_token": "token",
    "username": "basic",
    "password": "basic",
}


def _merged(*layers: dict[str, Value]) -> dict[str, Value]:
    """The layers over each other, weakest first.

    A stronger layer's way to sign in replaces every other way of weaker ones;
    the two halves of one way may come from different layers.
    """
    merged: dict[str, Value] = {}
    for layer in layers:
        ways = {way for name in layer if (way := _way_of(name))}
        if ways:
            merged = {name: value for name, value in merged.items() if _way_of(name) in (None, *ways)}
        merged |= layer
    return merged


def _way_of(name: str) -> str | None:
    return _SIGN_IN.get(name.removesuffix("_file"))


def _known_names() -> dict[str, str]:
    """Every accepted key, with `_file` forms of secrets, mapped to its variable."""
    return {name: _variable(name) for name in with_file_forms(SETTING_NAMES)}


def _variable(name: str) -> str:
    stem = name.removesuffix("_file")
    return variable_of(stem) + name[len(stem) :].upper() if stem in SECRET_NAMES else variable_of(name)


def _from_environment(variables: Mapping[str, str]) -> dict[str, Value]:
    by_variable = {variable: name for name, variable in _known_names().items()}
    accepted = {*by_variable, CONFIG_VARIABLE}
    for variable in sorted(variables.keys() - accepted):
        _refuse_slip(variable, sorted(accepted))
    # An empty variable is how many launchers say "not set".
    return {name: value for variable, name in by_variable.items() if (value := variables.get(variable))}


def _refuse_slip(variable: str, accepted: list[str]) -> None:
    """Refuse what can only be meant for us, in whatever case or with whatever dashes it was written."""
    written = variable.upper().replace("-", "_")
    if not written.startswith("AIRBYTE"):
        return
    meant = written if written in accepted else _meant(written, accepted)
    if meant is not None:
        raise SettingsError(f"{variable} is not a setting. Did you mean {meant}?")


def _meant(written: str, accepted: list[str]) -> str | None:
    if written.startswith(OWN_PREFIXES):
        return difflib.get_close_matches(written, accepted, n=1, cutoff=0.0)[0]
    nearest = difflib.get_close_matches(written, accepted, n=1, cutoff=LOOKS_LIKE_A_SLIP)
    if nearest:
        return nearest[0]
    # A safety setting without its prefix would be ignored, and nobody would notice.
    stem = written.removeprefix(AIRBYTE_PREFIX).lower()
    safety = difflib.get_close_matches(stem, SAFETY_NAMES, n=1, cutoff=LOOKS_LIKE_A_SAFETY_SETTING)
    return variable_of(safety[0]) if safety else None


def _from_file(path: Path) -> dict[str, Value]:
    try:
        content: dict[str, Value] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from error
    known = [*_known_names(), INSTANCES]
    for key in content:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise SettingsError(f"{key} in {path} is not a setting. Did you mean {nearest}?")
    require_known_keys(content, path)
    return content


def _told(problem: ErrorDetails) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = ".".join(str(part) for part in problem["loc"])
    if name not in SETTING_NAMES:
        return f"{name}: {message[:1].lower()}{message[1:]}"
    return f"{name} ({flag_of(name)}, {_variable(name)}): {message[:1].lower()}{message[1:]}"
