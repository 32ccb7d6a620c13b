"""`airbyte-mcp-server approvals`: a person looks at plans and decides, on a terminal of this machine."""

import asyncio
import getpass
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.cli.approvals_serve import serve_page
from airbyte_mcp_server.cli.approvals_users import users
from airbyte_mcp_server.cli.options import refusing_clearly, settings_from, settings_options
from airbyte_mcp_server.operating.logs import log_to_stderr
from airbyte_mcp_server.settings.model import Settings, SettingsError, variable_of

if TYPE_CHECKING:
    from airbyte_guardrails.plans import Plan
    from airbyte_mcp_server.runtime import Runtime


def _runtime(options: dict[str, Any]) -> "Runtime":
    from airbyte_mcp_server.runtime import Runtime  # noqa: PLC0415 - `--help` does without it

    settings = settings_from(options)
    log_to_stderr(settings)
    return Runtime(settings)


@click.group()
def approvals() -> None:
    """Look at changes that wait for a person, and decide on them."""


for subcommand in (serve_page, users):
    approvals.add_command(subcommand)


@approvals.command("list")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def list_pending(**options: Any) -> None:  # noqa: ANN401 - one per setting
    """List the plans that wait for a decision or for their execution, or are being executed."""
    runtime = _runtime(options)
    _settle_abandoned(runtime)
    waiting = runtime.book.unfinished()
    if not waiting:
        click.echo("Nothing waits for a decision.")
    for plan in waiting:
        until = plan.lease_until or plan.apply_by or plan.approve_by
        click.echo(
            f"{plan.id}  {plan.state:<9}  until {until:%H:%M:%S} UTC  {plan.summary} ({plan.instance.name})"
        )


@approvals.command("show")
@click.argument("plan_id")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def show(plan_id: str, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Show one plan as the person who decides should see it, and what became of it."""
    runtime = _runtime(options)
    _settle_abandoned(runtime)
    _show(runtime.book.get(plan_id))


@approvals.command("approve")
@click.argument("plan_id")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def approve(plan_id: str, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Approve one plan, and apply it at once where this command can reach the same Airbyte."""
    runtime = _runtime(options)
    _require_person(runtime.settings)
    plan = runtime.book.get(plan_id)
    _show(plan)
    _require_typed_yes(plan)
    _decide(runtime, plan_id, "approve")
    asyncio.run(_apply_or_say(runtime, plan_id))


@approvals.command("deny")
@click.argument("plan_id")
@click.option("--reason", default="", help="Goes into the record and to the assistant.")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def deny(plan_id: str, reason: str, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Refuse one plan. One no is final."""
    _decide(_runtime(options), plan_id, "deny", reason)
    click.echo("Denied; it will not be done.")


@approvals.command("lift")
@click.argument("plan_id")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def lift(plan_id: str, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Let a refused change be asked for again before its cool-down is over."""
    runtime = _runtime(options)
    _require_person(runtime.settings)
    runtime.book.lift(plan_id, f"{_user()} at a terminal")
    click.echo("Lifted: the same change may be asked for again.")


def _settle_abandoned(runtime: "Runtime") -> None:
    """Find out what became of changes whose server died, where this command reaches their Airbyte."""
    if runtime.book.executions.abandoned():
        asyncio.run(_settle(runtime))


async def _settle(runtime: "Runtime") -> None:
    from airbyte_mcp_server.dispatch import Dispatch  # noqa: PLC0415 - loads when used

    await Dispatch(runtime).settle_abandoned()
    await runtime.aclose()


def _require_person(settings: Settings) -> None:
    if not settings.terminal_approvals:
        raise click.ClickException(
            f"Approving on a terminal is switched off here ({variable_of('terminal_approvals')})."
        )
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Approving takes a person at a terminal: run this command in one, by hand."
        )


def _require_typed_yes(plan: "Plan") -> None:
    from airbyte_guardrails.wording import is_confirmed_by, needs_name, what_to_type  # noqa: PLC0415 - loads when used

    said_yes = _typed("Type approve to approve, anything else to leave it") == "approve"
    if said_yes and needs_name(plan):
        said_yes = is_confirmed_by(plan, _typed(f"This is high risk. Type {what_to_type(plan)}"))
    if not said_yes:
        raise click.ClickException("Not approved; the plan still waits. To refuse it: approvals deny.")


def _typed(prompt: str) -> str:
    typed: str = click.prompt(prompt, default="", show_default=False)
    return typed


def _decide(runtime: "Runtime", plan_id: str, decision: str, reason: str = "") -> None:
    from airbyte_guardrails.evidence import Decision, Evidence  # noqa: PLC0415 - loads when used

    who = f"{_user()} at a terminal"
    runtime.book.decide(plan_id, Decision(decision), Evidence.LOCAL_TERMINAL, who, reason)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user id without a name
        return f"user {os.getuid()}"


async def _apply_or_say(runtime: "Runtime", plan_id: str) -> None:
    from airbyte_client import AirbyteError  # noqa: PLC0415 - loads when used
    from airbyte_mcp_server.changing.results import of_plan  # noqa: PLC0415 - as above
    from airbyte_mcp_server.dispatch import Dispatch  # noqa: PLC0415 - as above
    from airbyte_tools.errors import ToolFailureError  # noqa: PLC0415 - as above

    dispatch = Dispatch(runtime)
    try:
        applied = await dispatch.apply_plan(plan_id, requester=None)
        click.echo(of_plan(applied)[1])
    except (AirbyteError, ToolFailureError) as error:
        click.echo(f"Approved, not done yet. {error}")
        click.echo("Tell the assistant to go on; it calls apply_plan.")
    except asyncio.CancelledError:
        click.echo("Interrupted. What has begun is brought to its end; then this says what became of it.")
        await runtime.aclose()
        click.echo(of_plan(runtime.book.get(plan_id))[1])
        raise
    finally:
        await runtime.aclose()


def _show(plan: "Plan") -> None:
    from airbyte_mcp_server.changing.results import of_plan  # noqa: PLC0415 - loads when used

    click.echo(of_plan(plan)[1])
