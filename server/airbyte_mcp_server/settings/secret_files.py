"""Secrets that stand in files: `client_secret_file` instead of `client_secret`."""

from collections.abc import Collection, Mapping
from pathlib import Path

from airbyte_mcp_server.settings.model import SECRET_NAMES, SettingsError

SECRET_FILE_LIMIT = 64 * 1024
SUFFIX = "_file"

Value = object


def with_file_forms(names: Collection[str]) -> tuple[str, ...]:
    """The names of settings, and for each secret among them also the name of its file."""
    return (*names, *(f"{name}{SUFFIX}" for name in names if name in SECRET_NAMES))


def with_secrets_read(values: Mapping[str, Value], where: str = "") -> dict[str, Value]:
    """The values with each secret itself in place of the file that holds it.

    Args:
        values: By setting.
        where: What stands before a setting's name in errors.

    Raises:
        SettingsError: A file cannot be read, or a secret is given in both ways.
    """
    read = dict(values)
    for secret in SECRET_NAMES & {name.removesuffix(SUFFIX) for name in values}:
        source = read.pop(f"{secret}{SUFFIX}", None)
        if source is None:
            continue
        if values.get(secret) is not None:
            raise SettingsError(
                f"{where}{secret} and {where}{secret}{SUFFIX} are both set; keep one of them."
            )
        read[secret] = _secret_from(Path(str(source)), f"{where}{secret}{SUFFIX}")
    return read


def _secret_from(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > SECRET_FILE_LIMIT:
            raise SettingsError(f"{name}: {path} is too large to hold a secret.")
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: {path} cannot be read.") from error
    if not secret:
        raise SettingsError(f"{name}: {path} is empty.")
    return secret
