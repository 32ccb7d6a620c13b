"""How values of a policy file are read: strictly, and naming the nearest right one."""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar, cast

from pydantic import BaseModel, ConfigDict

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class Table(BaseModel):
    """A table of the policy file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like `word`, in whatever case it was written."""
    by_shape = {name.casefold(): name for name in known}
    return by_shape[difflib.get_close_matches(word.casefold(), by_shape, n=1, cutoff=0.0)[0]]


def chosen(choices: type[ChoiceT], value: object) -> ChoiceT:
    """The choice of this exact name.

    Raises:
        ValueError: There is none; names them all, and the nearest.
    """
    names = [choice.value for choice in choices]
    if value not in names:
        raise ValueError(
            f"{value!r} is none of {', '.join(names)}. Did you mean {nearest(str(value), names)!r}?"
        )
    return choices(value)


def listed(value: object) -> tuple[object, ...]:
    """One value, or a list of at least one, as a tuple.

    Raises:
        ValueError: The list is empty, which could mean none or any.
    """
    if not isinstance(value, list | tuple):
        return (value,)
    values = tuple(cast("Iterable[object]", value))
    if not values:
        raise ValueError("the list is empty, which could mean none or any; leave the key out for any")
    return values
