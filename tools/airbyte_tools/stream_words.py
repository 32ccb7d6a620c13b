"""Two catalogues of streams side by side: what differs, in words, and what that puts at risk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from airbyte_client import StreamConfiguration
from airbyte_guardrails.plans import Change
from airbyte_tools.stream_edits import Catalogue, Place, dotted, place_of
from airbyte_tools.words import plain, quoted

_KEYS_SHOWN = 10
_FILLED_IN_BY_AIRBYTE = ("cursorField", "primaryKey")


@dataclass(frozen=True)
class StreamMove:
    """One stream before and after; None where the connection does not sync it."""

    place: Place
    before: StreamConfiguration | None
    after: StreamConfiguration | None

    @property
    def name(self) -> str:
        """Its quoted name."""
        return quoted(dotted(self.place))

    def change(self) -> Change:
        """The move as a plan shows it."""
        return Change(field=f"stream {self.name}", before=_words(self.before), after=_words(self.after))

    @property
    def begins_to_overwrite(self) -> bool:
        """Whether each sync will replace what is in the destination, and did not before."""
        return overwrites(self.after) and not overwrites(self.before)

    def warnings(self) -> Iterator[str]:
        """What a careful person would want to know first."""
        if self.after is None:
            yield f"{self.name} is no longer synced: its rows stay, its position in the source is forgotten."
        if self.before is None or self.after is None:
            return
        if self.before.cursor_field and self.before.cursor_field != self.after.cursor_field:
            yield (
                f"A new cursor for {self.name}: rows may be missed or come twice until its data is cleared"
                " (clear_connection) and read anew."
            )
        if _deduplicates(self.after) and _key(self.before) != _key(self.after):
            yield (
                f"A new way of telling duplicates in {self.name}: rows that are there stay as they are until"
                " they are cleared (clear_connection)."
            )


def stream_moves(before: Catalogue, after: Catalogue) -> list[StreamMove]:
    """Every stream that is not the same in both, in the order of the first."""
    old = {place_of(stream): stream for stream in before}
    new = {place_of(stream): stream for stream in after}
    return [
        StreamMove(place, old.get(place), new.get(place))
        for place in {**old, **new}
        if old.get(place) != new.get(place)
    ]


def places_and_modes(streams: Catalogue) -> list[JsonValue]:
    """Namespace, name and sync mode of each stream: what a plan that starts a job covers of them."""
    return [[*place_of(s), s.sync_mode.value if s.sync_mode else None] for s in streams]


def moved_streams(now: Catalogue, left: Catalogue) -> list[str]:
    """What is different now from a catalogue that was written, in words.

    Airbyte fills in what was not written; that is no difference.
    """
    then = {place_of(stream): stream for stream in left}
    found = {place_of(stream): stream for stream in now}
    gone = [f"stream {quoted(dotted(place))} is not there" for place in then if place not in found]
    come = [f"stream {quoted(dotted(place))} has come" for place in found if place not in then]
    changed = [
        f"stream {quoted(dotted(place))} was left as {_words(then[place])}, and now is {_words(stream)}"
        + _beyond(keys)
        for place, stream in found.items()
        if place in then and (keys := _differing(stream, then[place]))
    ]
    return [*gone, *come, *changed]


def _differing(now: StreamConfiguration, left: StreamConfiguration) -> list[str]:
    incremental = left.sync_mode is not None and left.sync_mode.startswith("incremental")
    return [
        key
        for key, value in left.root.items()
        if (value or None) != (now.root.get(key) or None)
        and (value or key not in _FILLED_IN_BY_AIRBYTE)
        # Only incremental modes have a cursor; in others Airbyte may forget it.
        and (incremental or key != "cursorField")
    ]


def _beyond(keys: Sequence[str]) -> str:
    others = [key for key in keys if key not in ("syncMode", *_FILLED_IN_BY_AIRBYTE)]
    return f" (different: {', '.join(plain(key) for key in others)})" if others else ""


def _words(stream: StreamConfiguration | None) -> str:
    if stream is None:
        return "not synced"
    words = [stream.sync_mode.value if stream.sync_mode else "Airbyte's default mode"]
    if stream.cursor_field:
        words.append(f"cursor {'.'.join(stream.cursor_field)}")
    if stream.primary_key:
        words.append(f"key {' + '.join('.'.join(path) for path in stream.primary_key[:_KEYS_SHOWN])}")
    return plain(", ".join(words))


def overwrites(stream: StreamConfiguration | None) -> bool:
    """Whether each sync replaces what is in the destination."""
    return stream is not None and stream.sync_mode is not None and "overwrite" in stream.sync_mode


def _deduplicates(stream: StreamConfiguration) -> bool:
    return stream.sync_mode is not None and "dedup" in stream.sync_mode


def _key(stream: StreamConfiguration) -> JsonValue:
    return [_deduplicates(stream), [list(path) for path in stream.primary_key]]
