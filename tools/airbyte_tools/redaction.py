"""Takes secrets out of what Airbyte shows: by the name of a field, and by the shape of a value.

Airbyte masks what a connector declares as secret. What people put into other
fields, a password in an address, a key in a list of options, a token in a log
line, it does not know about.
"""

import re

from pydantic import JsonValue

from airbyte_tools.words import clean

MASK = "***"
TEXT_LIMIT = 300
ITEMS_SHOWN = 50
DEEPEST = 8

_SECRET_NAME = re.compile(
    r"pass_?(word|wd|phrase|code)|^pass$|pwd|secret|token|api_?key|access_?key|private_?key|encryption_?key|account_?key"
    r"|credential|signature|authorization|connection_?string|sas_?url|webhook|dsn$|cookie|bearer",
    re.IGNORECASE,
)
# Fields that say which way to sign in, not with what.
_HARMLESS_NAME = re.compile(
    r"(auth|credentials?|token)_?(type|method|title|mode|uri|url|endpoint|expir\w*)$", re.IGNORECASE
)
_SECRET_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"),
    re.compile(r"\b(sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs]|shpat|dapi|hf)[-_][\w-]{10,}"),
    re.compile(r"\bAIza[\w-]{30,}"),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(?<=basic )[A-Za-z0-9+/]{12,}={0,2}"),
    re.compile(
        r"(?i)(?<![a-z_-])((?:[a-z_-]*(?:password|passwd|pwd|secret|token|api_?key|access_?key|sig))[\"']?\s*[=:]\s*[\"']?)"
        r"[^\s\"',;&]{3,}"
    ),
)
# The last shape keeps the name and blanks out the value.
_REPLACEMENTS = (*(MASK for _ in _SECRET_SHAPES[:-1]), rf"\1{MASK}")
_RANDOM = re.compile(r"^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+/=_-]{32,}$")
_HEX_OR_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def redacted(configuration: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A configuration that can be shown: secrets blanked out, text made harmless, long lists cut."""
    return {
        clean(name, TEXT_LIMIT): _member(name, value, 0)
        for name, value in list(configuration.items())[:ITEMS_SHOWN]
    }


def without_secrets(text: str) -> str:
    """A line of text without what looks like a secret."""
    for shape, replacement in zip(_SECRET_SHAPES, _REPLACEMENTS, strict=True):
        text = shape.sub(replacement, text)
    return text


def _member(name: str, value: JsonValue, depth: int) -> JsonValue:
    secret = _SECRET_NAME.search(name) and not _HARMLESS_NAME.search(name)
    if secret and value is not None and not isinstance(value, bool | dict | list):
        return MASK
    return _value(value, depth + 1, named_secret=bool(secret))


def _value(value: JsonValue, depth: int, *, named_secret: bool) -> JsonValue:
    if depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        members = list(value.items())[:ITEMS_SHOWN]
        return {clean(name, TEXT_LIMIT): _member(name, member, depth) for name, member in members}
    if isinstance(value, list):
        return [_value(item, depth + 1, named_secret=named_secret) for item in value[:ITEMS_SHOWN]]
    if isinstance(value, str):
        return MASK if named_secret or _looks_random(value) else clean(without_secrets(value), TEXT_LIMIT)
    return MASK if named_secret and isinstance(value, int | float) and not isinstance(value, bool) else value


def _looks_random(text: str) -> bool:
    return bool(_RANDOM.match(text)) and not _HEX_OR_UUID.match(text)
