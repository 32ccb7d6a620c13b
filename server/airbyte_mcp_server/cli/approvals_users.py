"""`airbyte-mcp-server approvals users`: who may approve on the page."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.cli.options import refusing_clearly, settings_from, settings_options
from airbyte_mcp_server.operating.logs import log_to_stderr
from airbyte_mcp_server.settings.model import SettingsError

if TYPE_CHECKING:
    from airbyte_guardrails.approvers import Approvers

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

PASSWORD_LIMIT = 1_000


@click.group("users")
def users() -> None:
    """Set up the people who may approve on the page."""


def _password_option(function: FunctionT) -> FunctionT:
    return click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the password from stdin, for scripts; else it is asked for.",
    )(function)


@users.command("add")
@click.argument("name")
@_password_option
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def add(name: str, *, password_stdin: bool, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Let a person approve. The password needs 12 characters or more and is never an argument."""
    from airbyte_guardrails.approvers import named  # noqa: PLC0415 - loads when used

    name = named(name)
    with _approvers(options) as approvers:
        approvers.add(name, _password(stdin=password_stdin))
    click.echo(f"{name} may approve now.")


@users.command("reset")
@click.argument("name")
@_password_option
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def reset(name: str, *, password_stdin: bool, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Give a person a new password, also one who was removed. Their open sessions end."""
    with _approvers(options) as approvers:
        approvers.reset(name, _password(stdin=password_stdin))
    click.echo("The new password counts from now on.")


@users.command("remove")
@click.argument("name")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def remove(name: str, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Let a person approve no longer. Their open sessions end; what they decided stays on record."""
    with _approvers(options) as approvers:
        approvers.remove(name)
    click.echo("Removed; nobody else can get this name.")


@users.command("list")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def list_users(**options: Any) -> None:  # noqa: ANN401 - one per setting
    """List who may approve, and who no longer may."""
    with _approvers(options) as approvers:
        everybody = approvers.all()
    if not everybody:
        click.echo("Nobody may approve on the page yet: airbyte-mcp-server approvals users add NAME.")
    for approver in everybody:
        since = f"since {approver.created_at:%Y-%m-%d}"
        click.echo(f"{approver.name}  {'removed' if approver.removed else since}")


@contextmanager
def _approvers(options: dict[str, Any]) -> "Generator[Approvers]":
    from airbyte_guardrails.approvers import Approvers  # noqa: PLC0415 - SQLAlchemy is heavy, and `--help` needs none
    from airbyte_mcp_server.runtime import store_of, utc_now  # noqa: PLC0415 - as above

    settings = settings_from(options)
    log_to_stderr(settings)
    store = store_of(settings)
    try:
        yield Approvers(store, utc_now)
    finally:
        store.close()


def _password(*, stdin: bool) -> str:
    """The new password: typed twice at a terminal, or the one line on stdin."""
    if stdin:
        return sys.stdin.readline(PASSWORD_LIMIT).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.ClickException("There is no terminal to type a password at; use --password-stdin.")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt="Password again", err=True)
    return typed
