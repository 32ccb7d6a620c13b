"""Settings as command-line options, made from the one vocabulary."""

import functools
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from airbyte_mcp_server.settings.model import (
    SECRET_NAMES,
    SETTING_NAMES,
    Browser,
    LogFormat,
    LogLevel,
    Metrics,
    Settings,
    SettingsError,
    Telemetry,
    Transport,
    WebhookFormat,
    flag_of,
    variable_of,
)
from airbyte_mcp_server.settings.sources import CONFIG_VARIABLE, load_settings

logger = logging.getLogger(__name__)

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_CHOICES = {
    "transport": get_args(Transport),
    "log_level": get_args(LogLevel),
    "log_format": get_args(LogFormat),
    "metrics": get_args(Metrics),
    "telemetry": get_args(Telemetry),
    "open_browser": get_args(Browser),
    "webhook_format": get_args(WebhookFormat),
}
_SWITCHES = {
    "read_only": "--read-only",
    "terminal_approvals": "--terminal-approvals/--no-terminal-approvals",
    "dangerously_allow_model_confirmation": "--dangerously-allow-model-confirmation",
}


def settings_options(function: FunctionT) -> FunctionT:
    """Add one option per setting, and `--config`. Secrets come from files only: arguments show in `ps`."""
    for name in reversed(SETTING_NAMES):
        function = _option(name)(function)
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"TOML file with settings [{CONFIG_VARIABLE}]",
    )(function)


def _option(name: str) -> Callable[[FunctionT], FunctionT]:
    shown = f"[{variable_of(name)}]"
    if name in SECRET_NAMES:
        return click.option(
            flag_of(name), f"{name}_file", default=None, metavar="FILE", help=f"[{variable_of(name)}_FILE]"
        )
    if name in _SWITCHES:
        return click.option(_SWITCHES[name], name, default=None, is_flag=True, help=shown)
    if name in _CHOICES:
        return click.option(flag_of(name), type=click.Choice(_CHOICES[name]), default=None, help=shown)
    return click.option(flag_of(name), default=None, metavar="VALUE", help=shown)


def settings_from(options: dict[str, Any]) -> Settings:
    """The settings that this command line, the environment and the file give together.

    Raises:
        click.ClickException: They cannot be used; the message says which one.
    """
    config = options.pop("config", None)
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return load_settings(given, config=config)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def say(sentence: str) -> None:
    """A sentence for the operator, on stderr."""
    click.echo(sentence, err=True)


def refusing_clearly(*errors: type[Exception]) -> Callable[[FunctionT], FunctionT]:
    """Turn the named errors of a command into one sentence on stderr and exit code 1."""

    def decorate(function: FunctionT) -> FunctionT:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's callbacks have any shape
            try:
                return function(*args, **kwargs)
            except errors as error:
                raise click.ClickException(str(error)) from error

        return wrapped  # type: ignore[return-value]  # the same shape as `function`, which the type cannot say

    return decorate


@contextmanager
def refusals_in_the_log(settings: Settings, *errors: type[Exception]) -> Generator[None]:
    """Make the named errors events where the log is JSON, for whoever collects it; then exit code 1, too."""
    try:
        yield
    except errors as error:
        if settings.log_format == "text":
            raise  # for `refusing_clearly`
        logger.error("%s", error)  # noqa: TRY400 - an operator's mistake, said in full by its sentence
        raise click.exceptions.Exit(1) from error
