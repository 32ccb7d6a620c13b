"""Adds tokens to the tokens file and removes them, one command at a time."""

import json
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from airbyte_mcp_server.access.one_token import digest_of
from airbyte_mcp_server.access.scopes import Scope
from airbyte_mcp_server.access.tokens_file import HASH_PREFIX, NamedToken, load_tokens, require_name
from airbyte_mcp_server.settings.model import SettingsError

TOKEN_BYTES = 32
TOKEN_BEGINS = "airbytemcp_"  # noqa: S105 - lets scanners for leaked secrets recognise one
_HEADER = (
    "# Bearer tokens for airbyte-mcp-server: only hashes stand here, nobody can get a token back from them.\n"
    "# Written by `airbyte-mcp-server tokens`, which keeps no comments.\n"
)


def add_token(path: Path, name: str, scope: Scope, expires: datetime | None = None) -> str:
    """Let a new holder in; returns the token, which stands nowhere else.

    Raises:
        SettingsError: The name is taken or no name, or the file cannot be used.
    """
    token = TOKEN_BEGINS + secrets.token_urlsafe(TOKEN_BYTES)
    with _rewriting(path) as tokens:
        try:
            require_name(name)
        except ValueError as problem:
            raise SettingsError(f"{problem}.") from None
        if name in tokens:
            raise SettingsError(
                f"There is a token called {name} in {path}."
                f" To replace it: airbyte-mcp-server tokens remove {name}, and add it again."
            )
        hashed = HASH_PREFIX + digest_of(token).hex()
        tokens[name] = NamedToken(hash=hashed, scopes=(scope,), expires=expires)
    return token


def remove_token(path: Path, name: str) -> None:
    """Let a holder in no longer, from the next request on.

    Raises:
        SettingsError: There is no such token, or the file cannot be used.
    """
    with _rewriting(path) as tokens:
        if tokens.pop(name, None) is None:
            known = ", ".join(sorted(tokens)) or "none"
            raise SettingsError(f"There is no token called {name[:80]!r} in {path}. There are: {known}.")


@contextmanager
def _rewriting(path: Path) -> Generator[dict[str, NamedToken]]:
    """The tokens of a file, to be changed; a reader sees the old file or the new one, never half of one."""
    draft = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(f"Another command is writing {path}. If none is, remove {draft}.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            tokens = load_tokens(path) if path.exists() else {}
            yield tokens
            file.write(_toml(tokens))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _toml(tokens: dict[str, NamedToken]) -> str:
    return _HEADER + "".join(_table(name, token) for name, token in sorted(tokens.items()))


def _table(name: str, token: NamedToken) -> str:
    # A JSON string of these characters is a TOML string, too.
    scopes = ", ".join(json.dumps(scope.value) for scope in token.scopes)
    expires = f"expires = {token.expires.isoformat()}\n" if token.expires else ""
    return f'\n[tokens.{json.dumps(name)}]\nhash = "{token.hash}"\nscopes = [{scopes}]\n{expires}'
