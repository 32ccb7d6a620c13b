"""Reads a description field by field; whatever is mistyped is an error that names what is right."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from airbyte_sandbox.json_value import JsonObject, JsonValue

_Member = TypeVar("_Member", bound=StrEnum)
_ALIKE = 0.75


class SeedError(Exception):
    """A description cannot be understood; the text says where and why."""


class Described:
    """One object of a description; ``what`` names it in errors.

    Raises:
        SeedError: it is no object, or has a field that is not among ``known``; its methods raise this for a
            field whose value is of the wrong kind.
    """

    def __init__(self, value: JsonValue, what: str, known: Sequence[str]) -> None:
        if not isinstance(value, dict):
            raise SeedError(f"{what} must be an object with {', '.join(known)}")
        for name in value:
            if name not in known:
                raise SeedError(f"{what} has an unknown field {unknown(name, known)}")
        self._value = value
        self._what = what

    def has(self, name: str) -> bool:
        """Whether the field is there, and not null."""
        return self._value.get(name) is not None

    def value(self, name: str) -> JsonValue:
        """The field as it is; None if it is not there."""
        return self._value.get(name)

    def text(self, name: str, default: str = "") -> str:
        """A field that is a text."""
        value = self._value.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A field that is a number from ``low`` to ``high``."""
        value = self._value.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(name, f"a number from {low:,} to {high:,}")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A field that is a whole number from ``low`` to ``high``."""
        value = self.number(name, default, low, high)
        if value != int(value):
            raise self._wrong(name, "a whole number")
        return int(value)

    def items(self, name: str) -> list[JsonValue]:
        """A field that is a list; empty if it is not there."""
        value = self._value.get(name)
        if value is not None and not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value or []

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that is a list of texts; empty if it is not there."""
        texts = tuple(item for item in self.items(name) if isinstance(item, str))
        if len(texts) < len(self.items(name)):
            raise self._wrong(name, "a list of texts")
        return texts

    def object(self, name: str) -> JsonObject:
        """A field that is an object; empty if it is not there."""
        value = self._value.get(name)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value or {}

    def member(self, name: str, kind: type[_Member], default: _Member) -> _Member:
        """A field that is one of the words of ``kind``."""
        return member(kind, self.text(name, default))

    def _wrong(self, name: str, wanted: str) -> SeedError:
        return SeedError(f'"{name}" of {self._what} must be {wanted}')


def member(kind: type[_Member], text: str) -> _Member:
    """The member of ``kind`` that is written as ``text``.

    Raises:
        SeedError: there is none.
    """
    if text not in set(kind):
        raise SeedError(f"{text!r} is none of {', '.join(kind)}{_meant(text, kind)}")
    return kind(text)


def unknown(name: str, known: Iterable[str]) -> str:
    """``name``, what it was likely meant to be, and what there is; the end of a sentence."""
    names = list(known)
    return f"{name!r}; there are {', '.join(names)}{_meant(name, names)}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``name`` looks like, whatever the case; None if it looks like none."""
    by_fold = {item.casefold(): str(item) for item in known}
    found = get_close_matches(name.casefold(), by_fold, n=1, cutoff=_ALIKE)
    return by_fold[found[0]] if found else None


def _meant(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known)
    return f"; did you mean {found!r}?" if found else ""
