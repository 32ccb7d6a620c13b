"""Changing how a connection syncs its streams."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue, TypeAdapter

from airbyte_client import Connection, NotFoundError, Operation, PermissionDeniedError
from airbyte_guardrails.plans import PlanDraft, Risk, Target
from airbyte_tools.answers import ChangeResult
from airbyte_tools.changing import Move, Picture, Setting, connection_target, find_connections
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.finding import Reference
from airbyte_tools.histories import histories_of, last_words, running_in, usual_words
from airbyte_tools.settling import by_setting
from airbyte_tools.stream_edits import (
    MOST_WISHES,
    Catalogue,
    Offer,
    StreamWish,
    catalogue_with,
    dotted,
    place_meant,
)
from airbyte_tools.stream_words import StreamMove, moved_streams, stream_moves
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import counted, quoted

_CATALOGUES = TypeAdapter(Catalogue)


class UpdateStreamsArguments(Arguments):
    """Which connection, and what is to become of which streams."""

    connection: Reference
    streams: Annotated[tuple[StreamWish, ...], Field(min_length=1, max_length=MOST_WISHES)]


class StreamsSetting(Setting[Catalogue]):
    """Which streams a connection syncs, and how: always all of them at once, as Airbyte writes them."""

    def of(self, connection: Connection) -> Catalogue:
        """The streams as Airbyte sent them."""
        return connection.streams

    def stored(self, value: Catalogue) -> JsonValue:
        """The streams as JSON, as they go over the wire."""
        return [stream.root for stream in value]

    def restored(self, stored: JsonValue) -> Catalogue:
        """An earlier catalogue."""
        return _CATALOGUES.validate_python(stored)

    def moved_on(self, connection: Connection, left: JsonValue) -> list[str]:
        """One sentence for each stream that is another by now."""
        return moved_streams(connection.streams, self.restored(left))

    async def picture(self, context: ToolContext, moves: Sequence[Move[Catalogue]]) -> Picture:
        """Each stream before and after, what will be overwritten, and a job that runs now."""
        histories = await histories_of(context, [move.connection for move in moves])
        moved = [(m.connection, stream_moves(m.connection.streams, m.after)) for m in moves]
        lost = [_overwritten(connection, changed) for connection, changed in moved]
        return Picture(
            targets=[
                connection_target(
                    connection,
                    changes=[move.change() for move in changed],
                    notes=[_untouched(connection, changed), usual_words(history), last_words(history)],
                )
                for (connection, changed), history in zip(moved, histories, strict=True)
            ],
            effects=["It counts from the next job on; no data moves now."],
            irreversible=[loss for losses in lost for loss in losses],
            warnings=[
                *(words for _, changed in moved for move in changed for words in move.warnings()),
                *(
                    f"Job {job.job_id} is under way and goes on as it began."
                    for history in histories
                    if (job := running_in(history))
                ),
            ],
            risk=Risk.HIGH if any(lost) else Risk.MEDIUM,
        )

    async def write(self, context: ToolContext, connection_id: str, value: Catalogue) -> None:
        """Send all streams."""
        await context.client.update_connection(connection_id, streams=value)

    def checked(self, now: Connection, wanted: Catalogue) -> str:
        """How many streams the connection has now."""
        if moved := moved_streams(now.streams, wanted):
            raise ToolFailureError(
                f"Airbyte accepted the streams, but they then read otherwise: {'; '.join(moved)}.",
                "Call get_connection to see them before you change them again.",
            )
        return f"its {counted(len(now.streams), 'stream')} now are as asked for"


STREAMS = StreamsSetting()


def _overwritten(connection: Connection, moves: Sequence[StreamMove]) -> list[str]:
    return [
        f"what may already lie in the destination for stream {move.name}: the next sync replaces it"
        if move.before is None
        else f"what {quoted(connection.name)} wrote before in stream {move.name}: the next sync replaces it"
        for move in moves
        if move.begins_to_overwrite
    ]


def _untouched(connection: Connection, moves: Sequence[StreamMove]) -> str:
    touched = sum(move.before is not None for move in moves)
    return f"Other streams, which stay exactly as they are: {len(connection.streams) - touched}."


async def _plan(
    context: ToolContext, arguments: UpdateStreamsArguments
) -> PlanDraft[UpdateStreamsArguments] | NothingToDo:
    (connection,) = await find_connections(context, [arguments.connection])
    offer = await _offer_for(context, connection)
    after = catalogue_with(connection.streams, arguments.streams, offer)
    if after == connection.streams:
        return NothingToDo(message="The streams already are so. Nothing was changed.", next_step="")
    resolved = UpdateStreamsArguments(
        connection=connection.connection_id, streams=_resolved(connection, arguments.streams, offer)
    )
    changed = counted(len(stream_moves(connection.streams, after)), "stream")
    move = Move(connection=connection, after=after)
    draft = await STREAMS.draft(context, resolved, f"Change {changed} of 1 connection", [move])
    return draft if offer.streams is not None else _unchecked(draft)


async def _offer_for(context: ToolContext, connection: Connection) -> Offer:
    try:
        return Offer(await context.client.list_streams(connection.source_id, connection.destination_id))
    except (NotFoundError, PermissionDeniedError):
        # Older versions of Airbyte have no such call, and not every role may make it.
        return Offer(None)


def _unchecked(draft: PlanDraft[UpdateStreamsArguments]) -> PlanDraft[UpdateStreamsArguments]:
    told = "This Airbyte does not tell what the source supports; it checks modes, cursors and keys itself."
    return draft.model_copy(update={"warnings": (*draft.warnings, told)})


def _resolved(connection: Connection, wishes: Sequence[StreamWish], offer: Offer) -> tuple[StreamWish, ...]:
    places = offer.places_with(connection.streams)
    return tuple(
        wish.model_copy(update={"stream": dotted(place_meant(wish.stream, places))}) for wish in wishes
    )


async def _apply(context: ToolContext, arguments: UpdateStreamsArguments, target: Target) -> Done:
    connection = await context.client.get_connection(target.id)
    offer = await _offer_for(context, connection)
    after = catalogue_with(connection.streams, arguments.streams, offer)
    changes = tuple(move.change() for move in stream_moves(connection.streams, after))
    if changes != target.changes:
        raise ToolFailureError(
            "Its streams are no longer as the person saw them.", "Call update_streams again."
        )
    return await STREAMS.set(context, target.id, after)


UPDATE_STREAMS = MutatingTool(
    name="update_streams",
    title="Change streams",
    description=(
        "Changes sync mode, cursor, primary key or selection of some streams of a connection, after a person"
        " has approved it; the other streams stay exactly as they are."
    ),
    arguments=UpdateStreamsArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=True),
    effects=frozenset({Operation.UPDATE_CONNECTION}),
    plan=_plan,
    only=lambda arguments, _target: arguments,
    apply=_apply,
    settle=by_setting(STREAMS),
)
