"""Passwords as argon2id hashes, with the parameters of RFC 9106 that argon2-cffi chooses."""

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from airbyte_guardrails.errors import ApproverError

SHORTEST = 12


def hashed(password: str) -> str:
    """A new password as a hash that holds its own salt and parameters.

    Raises:
        ApproverError: It is shorter than 12 characters.
    """
    if len(password) < SHORTEST:
        raise ApproverError(
            f"A password of fewer than {SHORTEST} characters can be guessed.",
            "Choose a longer one; a sentence is easy to remember.",
        )
    return PasswordHasher().hash(_composed(password))


def is_right(password: str, stored: str | None) -> bool:
    """Whether it is the stored password; as much work where none is stored, and then never right."""
    nobodys = _nobodys_hash()
    try:
        PasswordHasher().verify(stored or nobodys, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def _composed(password: str) -> str:
    """The same bytes whichever keyboard or system composed the characters."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return PasswordHasher().hash(secrets.token_urlsafe(32))
