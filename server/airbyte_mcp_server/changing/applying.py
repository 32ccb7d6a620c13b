"""From an approved plan to its outcome, exactly once.

Whoever applies, a waiting call, `apply_plan` or the terminal, comes through
here: plan afresh, compare with what the human saw, consume the approval, send,
record. Once the approval is consumed nothing interrupts: not the caller's
cancellation, not Ctrl-C, not the end of the transport, because the request to
Airbyte may already be on its way.
"""

import asyncio
from collections.abc import Callable

from anyio.to_thread import run_sync

from airbyte_guardrails.errors import PlanNotPendingError
from airbyte_guardrails.plans import Plan, digest_of
from airbyte_mcp_server.changing.application import Application
from airbyte_mcp_server.changing.executing import execute

KeepRunning = Callable[["asyncio.Task[Plan]"], None]


async def apply(application: Application, keep_running: KeepRunning) -> Plan:
    """Apply an approved plan; a plan that was already applied comes back as it is.

    Args:
        application: What to apply, and with what.
        keep_running: Takes the task that must reach its end even if the caller goes away.

    Raises:
        GuardrailError: It cannot be applied: expired, refused by policy, or the store is gone.
        AirbyteError: Airbyte could not be read; the plan stays approved.
    """
    book, plan = application.book, application.plan
    moved, planned = await application.what_moved()
    if planned is not None and not moved and digest_of(plan.action, plan.instance, planned) != plan.digest:
        moved = ["The change itself reads differently when it is planned now."]
    try:
        if planned is None or moved:
            return await run_sync(book.close_stale, plan.id, moved)
        execution = asyncio.create_task(execute(application, planned))
        keep_running(execution)
        return await asyncio.shield(execution)
    except PlanNotPendingError:
        # Somebody else was first: theirs is the outcome of this plan.
        return await run_sync(book.get, plan.id)
