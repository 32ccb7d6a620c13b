"""Text from Airbyte is hostile until it has passed through here."""

import unicodedata
from collections.abc import Iterable

MAX_MESSAGE = 500


def clean(text: str, *, limit: int = MAX_MESSAGE, secrets: Iterable[str] = ()) -> str:
    """One line without control, bidi or invisible characters and without the given secrets, capped.

    Args:
        text: From outside.
        limit: The most characters to keep.
        secrets: Values to blank out, should the server echo them.
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    # Far more than is kept, so that cleaning a megabyte costs nothing.
    visible = "".join(_harmless(character) for character in text[: limit * 4])
    line = " ".join(visible.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category.startswith("C") else character
