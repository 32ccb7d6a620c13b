"""What a token lets its holder do. That a plan may be approved is no scope of a token for MCP."""

from collections.abc import Iterable
from enum import StrEnum

from mcp.server.auth.middleware.auth_context import get_access_token


class Scope(StrEnum):
    """READ calls tools that only read; OPERATE calls those that change something, too."""

    READ = "read"
    OPERATE = "operate"


def with_implied(words: Iterable[str]) -> list[str]:
    """The scopes that some words stand for; whoever operates reads, too, and other words mean nothing."""
    given = set(words)
    if Scope.OPERATE in given:
        return [Scope.READ, Scope.OPERATE]
    return [Scope.READ] if Scope.READ in given else []


def may_operate() -> bool:
    """Whether the call at hand may change something. On stdio nobody has a token, and everybody may."""
    token = get_access_token()
    return token is None or Scope.OPERATE in token.scopes
