"""One stream's configuration after a wish, checked against what its source offers.

Airbyte replaces all streams of a connection at once, so a wish is turned into
a whole catalogue in which every other stream is the very object that Airbyte
sent.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from airbyte_client import OfferedStream, StreamConfiguration, SyncMode
from airbyte_tools.errors import AmbiguousError, InvalidRequestError, NothingFoundError
from airbyte_tools.tool import Arguments
from airbyte_tools.words import listed, plain, quoted

_SHOWN = 10
MOST_WISHES = 50

StreamName = Annotated[str, Field(min_length=1, max_length=500, description="name or namespace.name")]
FieldPath = Annotated[str, Field(min_length=1, max_length=300)]
Mode = Annotated[str, Field(max_length=40, description="e.g. incremental_append")]
Place = tuple[str | None, str]
"""What tells streams apart: namespace and name."""

Catalogue = tuple[StreamConfiguration, ...]


class StreamWish(Arguments):
    """What one stream is to become; whatever is left out stays as it is."""

    stream: StreamName
    selected: bool | None = None
    sync_mode: Mode | None = None
    cursor: FieldPath | None = None
    primary_key: Annotated[tuple[FieldPath, ...], Field(min_length=1, max_length=20)] | None = None


@dataclass(frozen=True)
class Offer:
    """What the source offers; `streams` is None where Airbyte cannot say."""

    streams: Sequence[OfferedStream] | None

    def at(self, place: Place) -> OfferedStream | None:
        """The offered stream at this place."""
        offered = self.streams or ()
        exact = next((stream for stream in offered if place_of(stream) == place), None)
        return exact or next((stream for stream in offered if _may_be(place_of(stream), place)), None)

    def places_with(self, now: Catalogue) -> list[Place]:
        """Where the streams of a connection are, and those that its source offers besides."""
        own = [place_of(stream) for stream in now]
        offered = [place_of(stream) for stream in self.streams or ()]
        return own + [place for place in offered if not any(_may_be(place, taken) for taken in own)]


def place_of(stream: StreamConfiguration | OfferedStream) -> Place:
    """Where a stream belongs."""
    return stream.namespace or None, stream.name


def _may_be(one: Place, other: Place) -> bool:
    """Whether two places can be the same: older versions of Airbyte leave namespaces out."""
    return one[1] == other[1] and (one[0] == other[0] or None in (one[0], other[0]))


def dotted(place: Place) -> str:
    """A place as people write it: the name, after its namespace if it has one."""
    namespace, name = place
    return f"{namespace}.{name}" if namespace else name


def catalogue_with(now: Catalogue, wishes: Sequence[StreamWish], offer: Offer) -> Catalogue:
    """The whole catalogue after the wishes; streams that no wish names are the same objects.

    Raises:
        NothingFoundError: Neither the connection nor its source has such a stream.
        AmbiguousError: Several streams fit.
        InvalidRequestError: The source or the destination cannot do what is wished.
    """
    streams = {place_of(stream): stream for stream in now}
    places = offer.places_with(now)
    named: set[Place] = set()
    for wish in wishes:
        place = place_meant(wish.stream, places)
        if place in named:
            raise InvalidRequestError(
                f"Stream {quoted(dotted(place))} is named twice.", "Put all that concerns it into one entry."
            )
        named.add(place)
        _apply(streams, place, wish, offer)
    if not streams:
        raise InvalidRequestError(
            "That leaves no stream, which Airbyte takes as no change.",
            "Keep one, or pause the connection with set_connection_status.",
        )
    return tuple(streams.values())


def place_meant(reference: str, places: Iterable[Place]) -> Place:
    """The one stream that a name means: exactly, or else but for case.

    Raises:
        NothingFoundError: None fits; the nearest are listed.
        AmbiguousError: Several fit.
    """
    known = sorted(places, key=dotted)
    exact = [place for place in known if reference in (place[1], dotted(place))]
    folded = reference.casefold()
    fitting = exact or [p for p in known if folded in (p[1].casefold(), dotted(p).casefold())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise AmbiguousError(
            f"Several streams fit {quoted(reference)}: {listed([dotted(place) for place in fitting])}.",
            "Call again with namespace.name.",
        )
    names = [dotted(place) for place in known]
    nearest = difflib.get_close_matches(reference, names, n=5, cutoff=0.4) or names[:5]
    raise NothingFoundError(
        f"Neither connection nor source has a stream {quoted(reference)}. The nearest: {listed(nearest)}.",
        "Call again with one of these, or call get_connection to see the streams.",
    )


def _apply(streams: dict[Place, StreamConfiguration], place: Place, wish: StreamWish, offer: Offer) -> None:
    current, offered = streams.get(place), offer.at(place)
    if wish.selected is False:
        _require_nothing_else(wish)
        streams.pop(place, None)
        return
    if current is None:
        current = _added(place, wish)
    if offered is None and offer.streams is not None:
        raise InvalidRequestError(
            f"The source does not offer stream {quoted(dotted(place))} any more.",
            "It can only be taken out: selected=false.",
        )
    streams[place] = _Edit(current, wish, offered).result()


def _require_nothing_else(wish: StreamWish) -> None:
    if wish.sync_mode or wish.cursor or wish.primary_key:
        raise InvalidRequestError(
            f"Stream {quoted(wish.stream)} cannot be taken out and changed at once.",
            "Give selected=false alone, or leave it out.",
        )


def _added(place: Place, wish: StreamWish) -> StreamConfiguration:
    if not wish.selected or wish.sync_mode is None:
        # Without a mode Airbyte would take the one that overwrites.
        raise InvalidRequestError(
            f"Stream {quoted(dotted(place))} is not synced by this connection yet.",
            "To add it give selected=true and sync_mode.",
        )
    namespace, name = place
    root: dict[str, JsonValue] = {"name": name}
    return StreamConfiguration(root | {"namespace": namespace} if namespace else root)


@dataclass(frozen=True)
class _Edit:
    """A wish for one stream; `offered` is None where Airbyte cannot say what the source offers."""

    current: StreamConfiguration
    wish: StreamWish
    offered: OfferedStream | None

    def result(self) -> StreamConfiguration:
        """The stream as it will be sent."""
        mode = self._mode()
        after = self.current.with_changes(
            sync_mode=mode if self.wish.sync_mode else None,
            cursor_field=self._cursor(mode),
            primary_key=self._primary_key(mode),
        )
        self._require_selected(after)
        return after

    def _mode(self) -> SyncMode | None:
        if self.wish.sync_mode is None:
            return self.current.sync_mode
        mode = SyncMode(self.wish.sync_mode)
        modes = (self.offered.sync_modes if self.offered else ()) or tuple(SyncMode)
        if mode not in modes:
            raise self._refused(
                f"cannot be synced as {quoted(mode)}: its source and destination together support"
                f" {', '.join(plain(m.value) for m in modes)}",
                "Call again with one of these.",
            )
        return mode

    def _cursor(self, mode: SyncMode | None) -> tuple[str, ...] | None:
        """The cursor to send; None leaves it as it is."""
        incremental = mode is not None and mode.startswith("incremental")
        if self.wish.cursor is not None:
            if not incremental:
                raise self._refused(f"has no cursor in mode {mode}", "Leave cursor out.")
            if self.offered and self.offered.has_own_cursor:
                raise self._refused("keeps its own cursor in the source", "Leave cursor out.")
            return self._field(self.wish.cursor)
        if not incremental or self.current.cursor_field or not self.offered or self.offered.has_own_cursor:
            return None
        if self.offered.default_cursor:
            return self.offered.default_cursor
        raise self._refused(
            f"needs a cursor for {mode}: the field that tells new rows from old",
            f"Ask the person which one: {self._field_names()}.",
        )

    def _primary_key(self, mode: SyncMode | None) -> tuple[tuple[str, ...], ...] | None:
        """The key to send; None leaves it as it is."""
        own = self.offered.own_primary_key if self.offered else ()
        if self.wish.primary_key is not None:
            key = tuple(self._field(path) for path in self.wish.primary_key)
            if own and set(key) != set(own):
                named = ", ".join(plain(".".join(path)) for path in own)
                raise self._refused(f"has a key that its source declares: {named}", "Leave primary_key out.")
            # Declared by the source and named by nobody yet: Airbyte fills it in itself.
            return None if own and not self.current.primary_key else key
        if mode is not None and "dedup" in mode and self.offered and not (own or self.current.primary_key):
            raise self._refused(
                f"needs a primary key for {mode}", f"Ask the person which fields: {self._field_names()}."
            )
        return None

    def _require_selected(self, after: StreamConfiguration) -> None:
        selected = after.selected_fields
        needed = [path for path in (after.cursor_field, *after.primary_key) if path]
        missing = [".".join(path) for path in needed if selected and (path[0],) not in selected]
        if missing:
            raise self._refused(
                f"syncs only some of its fields, and not {listed(missing)}",
                "Ask the person to select them in Airbyte first.",
            )

    def _field(self, path: str) -> tuple[str, ...]:
        found = self.offered.field_path(path) if self.offered else tuple(path.split("."))
        if found is None:
            raise self._refused(f"has no field {quoted(path)}", f"Its fields: {self._field_names(path)}.")
        return found

    def _field_names(self, like: str = "") -> str:
        names = [".".join(path) for path in self.offered.fields] if self.offered else []
        nearest = difflib.get_close_matches(like, names, n=_SHOWN, cutoff=0.5) if like else []
        return listed(nearest or names, _SHOWN)

    def _refused(self, why: str, next_step: str) -> InvalidRequestError:
        name = dotted(place_of(self.current))
        return InvalidRequestError(f"Stream {quoted(name)} {why}. Nothing was changed.", next_step)
