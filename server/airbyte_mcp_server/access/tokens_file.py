"""Named bearer tokens in a TOML file that holds only their hashes.

The file is read again when it has changed, so a token that is removed from it
opens nothing any more, without a restart. A file that cannot be used then opens
nothing to anybody: keeping what it said before would keep removed tokens alive.
"""

import difflib
import logging
import re
import secrets
import stat
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from mcp.server.auth.provider import AccessToken
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from airbyte_guardrails.verdicts import TOKEN_PREFIX
from airbyte_mcp_server.access.one_token import digest_of
from airbyte_mcp_server.access.scopes import Scope, with_implied
from airbyte_mcp_server.settings.model import SettingsError

logger = logging.getLogger(__name__)

# As the names of approvers, so that one person can have one name in both places.
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)
HASH_PREFIX = "sha256:"
_TABLE = "tokens"
_TABLES = TypeAdapter(dict[str, dict[str, object]])


class NamedToken(BaseModel):
    """What the file says of one token.

    Attributes:
        hash: `sha256:` and 64 hexadecimal digits.
        scopes: What its holder may do.
        expires: When it stops to open anything; never where it is left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hash: str = Field(pattern=rf"^{HASH_PREFIX}[0-9a-f]{{64}}$")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    expires: AwareDatetime | None = None

    @property
    def digest(self) -> bytes:
        """The hash as bytes."""
        return bytes.fromhex(self.hash.removeprefix(HASH_PREFIX))


class TokensFile:
    """Knows the tokens of a file, as they are at each request.

    Args:
        path: The file.
        now: The clock, aware UTC.

    Raises:
        SettingsError: The file cannot be used at the start, or holds no token.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._as_read = self._version()
        self._tokens: Mapping[str, NamedToken] = load_tokens(path)
        if not self._tokens:
            raise SettingsError(
                f"The tokens file {path} holds no token."
                f" Add one: airbyte-mcp-server tokens add NAME --file {path}"
            )

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access that a token gives, or None; compared in constant time with every token of the file."""
        self._read_if_changed()
        presented = digest_of(token)
        found = [
            (name, known)
            for name, known in self._tokens.items()
            if secrets.compare_digest(known.digest, presented)
        ]
        if not found:
            return None
        name, known = found[0]
        if known.expires is not None and known.expires <= self._now():
            return None
        return AccessToken(token=token, client_id=TOKEN_PREFIX + name, scopes=with_implied(known.scopes))

    def _read_if_changed(self) -> None:
        version = self._version()
        if version == self._as_read:
            return
        self._as_read = version
        try:
            self._tokens = load_tokens(self._path)
        except SettingsError as error:
            self._tokens = {}
            logger.error("No token of the tokens file opens anything now. %s", error)  # noqa: TRY400 - the sentence says it all

    def _version(self) -> tuple[int, int, int] | None:
        """What differs whenever the file does; None where it is gone."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def load_tokens(path: Path) -> dict[str, NamedToken]:
    """The tokens of a file by name.

    Raises:
        SettingsError: It cannot be read, is open to everybody, or says what is not known.
    """
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            raise SettingsError(f"The tokens file {path} can be written by everybody. Say: chmod 600 {path}")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The tokens file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The tokens file {path} is not valid TOML: {error}.") from error
    try:
        return _tokens_in(content)
    except ValueError as problem:
        raise SettingsError(f"The tokens file {path}: {problem}.") from None


def _tokens_in(content: dict[str, object]) -> dict[str, NamedToken]:
    for key in sorted(content.keys() - {_TABLE}):
        raise ValueError(f"{key!r} is no key of it. Did you mean [{_TABLE}.NAME]?")
    try:
        tables = _TABLES.validate_python(content.get(_TABLE, {}))
    except ValidationError:
        raise ValueError(f"write each token under [{_TABLE}.NAME]") from None
    tokens = {name: _token(name, table) for name, table in tables.items()}
    for value, count in Counter(token.hash for token in tokens.values()).items():
        if count > 1:
            raise ValueError(f"{count} names have the token {value[:14]}...; nobody could tell them apart")
    return tokens


def _token(name: str, table: object) -> NamedToken:
    require_name(name)
    try:
        return NamedToken.model_validate(table)
    except ValidationError as error:
        # A mistyped key is worth more than that, without it, the right one is missing.
        problem = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ValueError(f"{_TABLE}.{name}: {_told(problem)}") from None


def require_name(name: str) -> None:
    """Refuse what cannot be the name of a token.

    Raises:
        ValueError: It says what a name is.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name[:80]!r} cannot name a token: 1 to 64 of a-z, 0-9 and ._@+-, with a letter or digit first"
        )


def _told(problem: ErrorDetails) -> str:
    """One of pydantic's problems in words, without the value, which may be a token in the wrong place."""
    key = str(problem["loc"][0]) if problem["loc"] else "it"
    if problem["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(key, list(NamedToken.model_fields), n=1, cutoff=0.0)[0]
        return f"{key!r} is no key of a token. Did you mean {nearest!r}?"
    match key:
        case "scopes":
            return 'scopes takes ["read"] or ["operate"]; a token for MCP never approves'
        case "hash":
            return f"hash takes {HASH_PREFIX} and 64 hexadecimal digits, as `tokens add` writes it"
        case "expires":
            return "expires takes a time with its zone, such as 2027-01-31T00:00:00Z"
        case _:
            return "a token has hash and scopes"
