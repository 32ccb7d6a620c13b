"""Before and after of one value, cut into pieces that differ and pieces that do not."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_WORDS = 2_000
"""Of both sides together; comparing takes longer than linear, and whoever names fields decides how many."""
ALIKE = 0.5
"""Below this share of equal words the whole value differs: marks on every other word help nobody."""

_WORDS = re.compile(r"\s+|[\w.]+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A part of a value; `differs` if the other side does not have it."""

    text: str
    differs: bool


def pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both values in pieces, word by word; together the pieces of a side are its value."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if len(old) + len(new) > MOST_WORDS or matcher.ratio() < ALIKE:
        return (Piece(before, before != after),), (Piece(after, before != after),)
    steps = matcher.get_opcodes()
    left = [Piece("".join(old[i:j]), tag != "equal") for tag, i, j, _, _ in steps if i < j]
    right = [Piece("".join(new[i:j]), tag != "equal") for tag, _, _, i, j in steps if i < j]
    return _joined(left), _joined(right)


def _joined(cut: list[Piece]) -> tuple[Piece, ...]:
    """The same text with one mark where only a space stood between two."""
    joined: list[Piece] = []
    for number, piece in enumerate(cut):
        between = piece.text.isspace() and 0 < number < len(cut) - 1
        differs = piece.differs or between
        if joined and joined[-1].differs == differs:
            joined[-1] = Piece(joined[-1].text + piece.text, differs)
        else:
            joined.append(Piece(piece.text, differs))
    return tuple(joined)
