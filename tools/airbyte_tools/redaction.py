"""Takes secrets out of what Airbyte shows: by the name of a field, and by the shape of a value.

Airbyte masks what a connector declares as secret. What people put into other
fields, a password in an address, a key in a list of options, a token in a log
line, it does not know about.
"""

import re

from pydantic import JsonValue

from airbyte_tools.words import clean, plain

MASK = "***"
TEXT_LIMIT = 300
ITEMS_SHOWN = 50
DEEPEST = 8

_SECRET_NAME = re.compile(
    r"pass[_-]?(word|wd|phrase|code)|^pass$|pwd|secret|token|(api|access|private|encryption|account)[_-]?key"
    r"|credential|signature|authorization|connection[_-]?string|sas[_-]?url|webhook|dsn$|cookie|bearer",
    re.IGNORECASE,
)
# Fields that say which way to sign in, not with what.
_HARMLESS_NAME = re.compile(
    r"(auth|credentials?|token)_?(type|method|title|mode|uri|url|endpoint|expir\w*)$", re.IGNORECASE
)
_NAMED = re.compile(
    r"""
    (?P<name>
        (?: pass[_-]?(?:word|wd|phrase|code) | (?<![a-z])pass | pwd | secret | token
          | signature | (?<![a-z])sig
          | (?:api|access|private|encryption|account|shared|master|subscription)[_\s-]?key
          | authorization | connection[_\s-]?string | (?<![a-z])dsn )
        (?: \\{0,16}["'] )? \]? \s* (?: => | [=:] | %3D ) \s*
    )
    (?: (?P<escape> \\{0,16} ) (?P<quote> ["'] )              # A value in quotes, which may be escaped,
        (?: (?! (?<!\\)(?P=escape)(?P=quote) ) . )*           # ends at a quote that is escaped as often,
        (?: (?P=escape)(?P=quote) )?                          # or with the text, where that was cut.
      | (?: (?:bearer|basic|token|apikey) \s+ )?
        (?: [^\s"',;&]                                        # One without quotes may still hold some:
          | [,;] (?! \s | $ | ["'] | [\w.-]{1,40}\s?= )       # what follows tells whether it ends there.
          | ["'] (?! [\s,;:&)}\]>"'\\] | $ ) )+
    )
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_SHAPES = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
        MASK,
    ),
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"), MASK),
    (
        re.compile(r"\b(sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs]|shpat|dapi|hf)[-_][\w-]{10,}"),
        MASK,
    ),
    (re.compile(r"\bAIza[\w-]{30,}"), MASK),
    (re.compile(r"(?i)(hooks\.slack\.com/\w{1,20}/)[\w/+-]+"), rf"\1{MASK}"),
    # A password may hold an @, or a slash; a number before the first slash is a port.
    (
        re.compile(r"(?<=://)(?![^\s/:@]*:\d{1,5}(?:[/?\#]|$))[^\s/:@]*:(?:(?!://)\S)+(?=@)"),
        MASK,
    ),
    (re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}"), MASK),
    (re.compile(r"(?i)(?<=basic )[A-Za-z0-9+/]{12,}={0,2}"), MASK),
    # Of a named value the name stays, and the quotes.
    (_NAMED, rf"\g<name>\g<escape>\g<quote>{MASK}\g<escape>\g<quote>"),
)
"""What secrets look like in text, and what takes their place. Each takes time in proportion to the text."""
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
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def plain_without_secrets(text: str) -> str:
    """Airbyte's own words on one harmless line of at most 500 characters, without secrets."""
    return plain(without_secrets(text))


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
