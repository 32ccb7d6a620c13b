"""Keeps secrets out of whatever is written: those that the settings hold, and what has the shape of one."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit

from pydantic import SecretStr

from airbyte_mcp_server.settings.airbyte import AIRBYTE_SECRETS, AirbyteSettings
from airbyte_mcp_server.settings.model import SECRET_NAMES, Settings, keys_in

MASK = "***"
LONGEST = 10_000
"""Characters that are looked through for shapes; the rest is cut, for a long line would keep us busy."""


class Redactor:
    """Blanks out secrets in text.

    Args:
        settings: Whose secrets are known, in each form in which they travel.
    """

    def __init__(self, settings: Settings) -> None:
        forms = {form for secret in _secrets_of(settings) for form in _forms(secret)}
        # The longest first: one may be a part of another.
        self._known = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        from airbyte_tools.redaction import without_secrets  # noqa: PLC0415 - loads with the first line that is written

        for secret in self._known:
            text = text.replace(secret, MASK)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"
        return without_secrets(text)


def _secrets_of(settings: Settings) -> Iterator[str]:
    for name in SECRET_NAMES - AIRBYTE_SECRETS:
        value: SecretStr | None = getattr(settings, name)
        if value is not None:
            yield value.get_secret_value()
    for airbyte in (settings, *settings.instances.values()):
        yield from _secrets_of_airbyte(airbyte)
    if settings.state_key is not None:
        yield from keys_in(settings.state_key)
    if settings.store is not None:
        yield from _passwords_in(settings.store.get_secret_value())
    if settings.webhook_url is not None:
        parts = urlsplit(settings.webhook_url.get_secret_value())
        yield from (part for part in (parts.path, parts.query, parts.password) if part and part != "/")


def _secrets_of_airbyte(airbyte: AirbyteSettings) -> Iterator[str]:
    for name in AIRBYTE_SECRETS:
        value: SecretStr | None = getattr(airbyte, name)
        if value is not None:
            yield value.get_secret_value()
    if airbyte.username and airbyte.password:
        pair = f"{airbyte.username}:{airbyte.password.get_secret_value()}"
        yield base64.b64encode(pair.encode()).decode()


def _passwords_in(address: str) -> Iterator[str]:
    """The passwords in a database's address, written there in one of two ways."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    for password in (parts.password, *parse_qs(parts.query).get("password", ())):
        if password:
            yield password
            yield unquote(password)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it stands in text, JSON, Python's own notation and web addresses."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
