"""`airbyte-mcp-server policy`: what a policy file does, in words, and which rule decides a call."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.cli.options import refusing_clearly, settings_from, settings_options
from airbyte_mcp_server.operating.file_rights import may_write
from airbyte_mcp_server.operating.logs import log_to_stderr
from airbyte_mcp_server.settings.model import SettingsError

if TYPE_CHECKING:
    from airbyte_mcp_server.runtime import Runtime


@click.group()
def policy() -> None:
    """Look at the rules that decide what is allowed, asked about and refused."""


@policy.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@settings_options
@refusing_clearly(SettingsError)
def check(file: Path, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Say in words what each rule of a policy file does, and what in it may not be meant so.

    The settings say which Airbytes rules can name.
    """
    from airbyte_guardrails.policy.loading import PolicyFileError, load_rules  # noqa: PLC0415 - loads when used
    from airbyte_guardrails.policy.reading import described, suspicions  # noqa: PLC0415 - as above
    from airbyte_mcp_server.operators_policy import vocabulary  # noqa: PLC0415 - as above

    try:
        rules = load_rules(file, vocabulary(settings_from(options)))
    except PolicyFileError as error:
        raise click.ClickException(str(error)) from error
    for number, rule in enumerate(rules, 1):
        click.echo(f"{number}. {rule.name}\n   {described(rule)}")
    click.echo("Anything else: a person is asked.")
    for warning in (*suspicions(rules), *_open_to_change(file)):
        click.echo(f"Warning: {warning}")


def _open_to_change(file: Path) -> Iterator[str]:
    """That whoever runs this, and so perhaps an agent of theirs, could write the rules."""
    if may_write(file):
        yield (
            f"{file} can be changed by the user who runs this command. Run the server as a user who cannot,"
            " or an agent with a shell could write its own rules."
        )


@policy.command("explain")
@click.argument("tool")
@click.argument("arguments", default="{}", metavar="[JSON ARGUMENTS]")
@click.option("--at", metavar="TIME", help="As if it were then, in your time zone: 2026-11-28T22:00.")
@click.option("--principal", help="As if asked for by token:NAME; nobody who is signed in by default.")
@click.option("--instance", metavar="NAME", help="Which Airbyte; as if the only one were called so.")
@click.option("--client", help="What the requester's program calls itself.")
@click.option("--workspace", metavar="ID", help="The connections' workspace, where Airbyte is not asked.")
@click.option("--offline", is_flag=True, help="Do not ask Airbyte; connections then go by their ids.")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def explain(
    tool: str,
    arguments: str,
    **options: Any,  # noqa: ANN401 - one per setting
) -> None:
    """Say which rule decides a call, and why the ones before it do not.

    TOOL is a tool that changes something, with its arguments as JSON:

        policy explain trigger_sync '{"connections": ["Orders to warehouse"]}'
    """
    from airbyte_mcp_server.cli.policy_calls import Imagined, explanation  # noqa: PLC0415 - tools and httpx load here

    own = {
        name: options.pop(name) for name in ("at", "principal", "instance", "client", "workspace", "offline")
    }
    runtime = _runtime(options)
    call = Imagined(
        tool=tool,
        arguments=arguments,
        moment=_moment(own["at"], runtime),
        requester=own["principal"] or runtime.session,
        client=own["client"],
        workspace=own["workspace"],
        instance=own["instance"],
    )
    for line in asyncio.run(explanation(runtime, call, offline=own["offline"])):
        click.echo(line)


def _runtime(options: dict[str, Any]) -> "Runtime":
    from airbyte_mcp_server.runtime import Runtime  # noqa: PLC0415 - `--help` does without it

    settings = settings_from(options)
    log_to_stderr(settings)
    return Runtime(settings)


def _moment(at: str | None, runtime: "Runtime") -> datetime:
    if at is None:
        return runtime.now()
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise click.BadParameter("write it as 2026-11-28T22:00", param_hint="--at") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(runtime.settings.timezone))
