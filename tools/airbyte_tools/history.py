"""What this server changed: by whom, approved by whom and how, with what outcome."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import Field

from airbyte_guardrails.plans import ChangeRecord, Plan, Target, WantedChanges
from airbyte_tools.answers import ChangedTarget, ChangeList, ChangeRow
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.finding import Reference, find_connection
from airbyte_tools.paging import Cursor, cursor_for, offset_of
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.undoing import ACTIONS
from airbyte_tools.words import ago, counted, iso, plain, quoted, sides

TARGETS_SHOWN = 5
CHANGES_SHOWN = 5
SIDE_SHOWN = 200
_KNOWN = f"There are: {', '.join(ACTIONS)}."


class ListChangesArguments(Arguments):
    """Filters; all that are given must fit."""

    connection: Reference | None = None
    action: Annotated[str, Field(max_length=40, description="a tool's name")] | None = None
    limit: Annotated[int, Field(ge=1, le=20)] = 10
    cursor: Cursor | None = None


async def _run(context: ToolContext, arguments: ListChangesArguments) -> ChangeList:
    _require_known(arguments.action)
    start = offset_of(arguments.cursor)
    connection_id = None
    if arguments.connection:
        found = await find_connection(context, arguments.connection, exactly=False)
        connection_id = found.connection_id
    wanted = WantedChanges(
        action=arguments.action,
        connection_id=connection_id,
        workspace_id=context.default_workspace,
        # One more than asked for tells whether there is a next page.
        limit=arguments.limit + 1,
        offset=start,
    )
    records = await context.plans.changes(wanted)
    shown = records[: arguments.limit]
    more = len(records) > arguments.limit
    return ChangeList(
        changes=[_row(record) for record in shown],
        next_cursor=cursor_for(start + arguments.limit) if more else None,
    )


def _require_known(action: str | None) -> None:
    if action is not None and action not in ACTIONS:
        raise InvalidRequestError(f"No tool that changes something is called {quoted(action)}.", _KNOWN)


def _row(record: ChangeRecord) -> ChangeRow:
    plan = record.plan
    return ChangeRow(
        plan_id=plan.id,
        action=plan.action,
        at=iso(record.at) or "",
        status=plan.state.value,
        requester=plain(plan.requester),
        approver=plain(record.approver),
        evidence=record.evidence.value,
        targets=[_target(plan, target) for target in plan.targets[:TARGETS_SHOWN]],
        targets_total=len(plan.targets),
    )


def _target(plan: Plan, target: Target) -> ChangedTarget:
    outcome = next((o for o in plan.outcomes if o.target_id == target.id), None)
    return ChangedTarget(
        id=target.id,
        name=quoted(target.name)[1:-1],
        status=(outcome.status if outcome else plan.state).value,
        told="; ".join([*_changes(target), *([plain(outcome.message)] if outcome else [])]),
    )


def _changes(target: Target) -> Iterator[str]:
    for change in target.changes[:CHANGES_SHOWN]:
        before, after = sides(change, SIDE_SHOWN)
        yield f"{plain(change.field)}: {before} -> {after}"
    rest = len(target.changes) - CHANGES_SHOWN
    if rest > 0:
        yield f"and {rest} more"


def _say(answer: ChangeList, now: datetime) -> str:
    if not answer.changes:
        return "Nothing was changed through this server, as far as asked."
    lines = [f"{counted(len(answer.changes), 'change')}, newest first:"]
    lines += [line for row in answer.changes for line in _lines(row, now)]
    if answer.next_cursor:
        lines.append(f"Older ones: call again with cursor {answer.next_cursor!r}.")
    return "\n".join(lines)


def _lines(row: ChangeRow, now: datetime) -> Iterator[str]:
    when = ago(datetime.fromisoformat(row.at), now)
    yield (
        f"- {row.action} {row.status}, {when} ({row.plan_id}): asked by {row.requester},"
        f" approved by {row.approver} ({row.evidence})"
    )
    for target in row.targets:
        yield f"  {quoted(target.name)}: {target.status}, {target.told}"
    if row.targets_total > len(row.targets):
        yield f"  and {row.targets_total - len(row.targets)} more"


LIST_CHANGES = ReadTool(
    name="list_changes",
    title="List changes",
    description=(
        "Lists what this server changed, newest first: who asked, who approved and how, and the outcome."
        " For what ran use list_jobs; to take a change back use undo_change."
    ),
    arguments=ListChangesArguments,
    answer=ChangeList,
    run=_run,
    say=_say,
)
