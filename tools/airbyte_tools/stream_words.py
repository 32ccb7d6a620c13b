"""Two catalogues of streams side by side: what differs, in words, and what that puts at risk."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from airbyte_client import Connection, StreamConfiguration, SyncMode
from airbyte_guardrails.plans import Change
from airbyte_tools.redaction import redacted
from airbyte_tools.stream_edits import Catalogue, Place, dotted, place_of
from airbyte_tools.words import counted, field_name, field_path, listed, plain, quoted, sides

SIDE_SHOWN = 300
_FILLED_IN_BY_AIRBYTE = ("cursorField", "primaryKey")
_ALWAYS_TOLD = ("syncMode", *_FILLED_IN_BY_AIRBYTE)
_OVERWRITING = (SyncMode.FULL_REFRESH_OVERWRITE, SyncMode.FULL_REFRESH_OVERWRITE_DEDUPED)
_KEEPING = frozenset(SyncMode).difference(_OVERWRITING)


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
        """The move as a plan shows it: all that differs, and two sides that never read the same."""
        keys = [key for key in _differing_keys(self.before, self.after) if key not in _ALWAYS_TOLD]
        before, after = _words(self.before, keys), _words(self.after, keys)
        if before == after:
            after += ", and differs in what must not be shown"
        return Change(field=f"stream {self.name}", before=before, after=after)

    @property
    def begins_to_overwrite(self) -> bool:
        """Whether each sync may replace what is in the destination, and is not known to have done so."""
        known = self.before is not None and self.before.sync_mode in _OVERWRITING
        return self.after is not None and overwrites(self.after) and not known

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
    """Every stream that does not mean the same in both, in the order of the first."""
    old = {place_of(stream): stream for stream in before}
    new = {place_of(stream): stream for stream in after}
    return [
        StreamMove(place, old.get(place), new.get(place))
        for place in {**old, **new}
        if (place in old) != (place in new) or _differing_keys(old.get(place), new.get(place))
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
        _moved_on(place, stream, then[place], keys)
        for place, stream in found.items()
        if place in then and (keys := _moved_keys(stream, then[place]))
    ]
    return [*gone, *come, *changed]


def _moved_on(place: Place, now: StreamConfiguration, left: StreamConfiguration, keys: Sequence[str]) -> str:
    was, is_now = sides(Change(field="", before=_words(left), after=_words(now)), SIDE_SHOWN)
    others = [plain(key) for key in keys if key not in _ALWAYS_TOLD]
    beyond = f" (different: {', '.join(others)})" if others else ""
    return f"stream {quoted(dotted(place))} was left as {was}, and now is {is_now}{beyond}"


def _moved_keys(now: StreamConfiguration, left: StreamConfiguration) -> list[str]:
    incremental = left.sync_mode is not None and left.sync_mode.startswith("incremental")
    return [
        key
        for key in _differing_keys(left, now)
        if (left.root.get(key) or key not in _FILLED_IN_BY_AIRBYTE)
        # Only incremental modes have a cursor; in others Airbyte may forget it.
        and (incremental or key != "cursorField")
    ]


def _differing_keys(one: StreamConfiguration | None, other: StreamConfiguration | None) -> list[str]:
    """The keys of either that do not mean the same in both: a missing one means what an empty one does."""
    ours, theirs = (stream.root if stream else {} for stream in (one, other))
    return [key for key in {**ours, **theirs} if (ours.get(key) or None) != (theirs.get(key) or None)]


def _words(stream: StreamConfiguration | None, further_keys: Sequence[str] = ()) -> str:
    if stream is None:
        return "not synced"
    words = [field_name(stream.sync_mode.value) if stream.sync_mode else "Airbyte's default mode"]
    if stream.cursor_field:
        words.append(f"cursor {field_path(stream.cursor_field)}")
    if stream.primary_key:
        words.append(f"key {' + '.join(map(field_path, stream.primary_key))}")
    words += [_value_words(stream, key) for key in further_keys if key not in ("name", "namespace")]
    return ", ".join(words)


def _value_words(stream: StreamConfiguration, key: str) -> str:
    value = stream.root.get(key) or None
    if key == "selectedFields" and stream.selected_fields:
        return f"only {' + '.join(map(field_path, stream.selected_fields))}"
    if value is None:
        return "all fields" if key == "selectedFields" else f"no {field_name(key)}"
    (shown,) = redacted({key: value}).values()
    # A mapper may hold the key that it encrypts with.
    in_part = "" if shown == value else " (in part)"
    return f"{field_name(key)} {json.dumps(shown)}{in_part}"


def overwrites(stream: StreamConfiguration) -> bool:
    """Whether each sync may replace what is in the destination.

    A mode that nobody names or knows counts as one that does: so does Airbyte's default.
    """
    return stream.sync_mode not in _KEEPING


def overwritten_streams(connection: Connection) -> str:
    """How many streams each sync replaces in the destination, and which; empty where none."""
    names = [dotted(place_of(stream)) for stream in connection.streams if overwrites(stream)]
    return f"{counted(len(names), 'stream')}: {listed(names)}" if names else ""


def overwriting_warning(connection: Connection) -> list[str]:
    """A sentence for whoever lets a connection run more often; none where no stream is overwritten."""
    overwritten = overwritten_streams(connection)
    if not overwritten:
        return []
    return [f"Each sync of {quoted(connection.name)} replaces what it wrote before, in {overwritten}."]


def _deduplicates(stream: StreamConfiguration) -> bool:
    return stream.sync_mode is not None and "dedup" in stream.sync_mode


def _key(stream: StreamConfiguration) -> JsonValue:
    return [_deduplicates(stream), [list(path) for path in stream.primary_key]]
