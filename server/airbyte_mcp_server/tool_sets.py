"""Which tools that change something belong to which set, without loading a tool.

Sets are the operator's upper bound: what is not offered is not listed, and is
refused when it is called, applied, or approved anywhere else.
"""

from airbyte_mcp_server.settings.model import Settings, ToolSet

TOOL_SETS = {
    "trigger_sync": ToolSet.RUN,
    "cancel_job": ToolSet.RUN,
    "update_schedule": ToolSet.CONFIGURE,
    "set_connection_status": ToolSet.CONFIGURE,
    "update_streams": ToolSet.CONFIGURE,
    "undo_change": ToolSet.CONFIGURE,
    "clear_connection": ToolSet.CLEAR,
}

APPLYING = "apply_plan"
"""Is of no set: it carries out what the others planned."""


CHANGING = frozenset({*TOOL_SETS, APPLYING})


def tools_hidden(settings: Settings) -> frozenset[str]:
    """The tools that are not offered here; in read-only mode all that change something."""
    sets = () if settings.read_only else settings.tool_sets
    offered = {tool for tool, tool_set in TOOL_SETS.items() if tool_set in sets}
    return CHANGING - offered - ({APPLYING} if offered else set())
