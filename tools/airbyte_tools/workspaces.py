"""Workspaces."""

from datetime import datetime

from airbyte_tools.answers import WorkspaceList, WorkspaceRow
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import counted, plain, quoted


class ListWorkspacesArguments(Arguments):
    """`list_workspaces` takes nothing."""


async def _run(context: ToolContext, _arguments: ListWorkspacesArguments) -> WorkspaceList:
    found = await context.client.list_workspaces()
    return WorkspaceList(
        workspaces=[WorkspaceRow(workspace_id=w.workspace_id, name=plain(w.name)) for w in found]
    )


def _say(answer: WorkspaceList, _now: datetime) -> str:
    lines = [f"{counted(len(answer.workspaces), 'workspace')}:"]
    lines += [f"- {quoted(w.name)} ({w.workspace_id})" for w in answer.workspaces]
    return "\n".join(lines)


LIST_WORKSPACES = ReadTool(
    name="list_workspaces",
    title="List workspaces",
    description="Lists the workspaces of this Airbyte instance with their ids.",
    arguments=ListWorkspacesArguments,
    answer=WorkspaceList,
    run=_run,
    say=_say,
)
