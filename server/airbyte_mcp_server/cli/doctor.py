"""`airbyte-mcp-server doctor`: what is right and wrong with a set-up, and what to do about it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from airbyte_mcp_server.cli.options import settings_options
from airbyte_mcp_server.operating.logs import log_to_stderr
from airbyte_mcp_server.settings.model import Settings, SettingsError
from airbyte_mcp_server.settings.sources import files_named, load_settings

if TYPE_CHECKING:
    from airbyte_mcp_server.operating.findings import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@settings_options
def doctor(*, as_json: bool, config: Path | None, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Look at settings, Airbyte, store, policy and the ways to a person; change nothing.

    Exit code: 0 the server can work, warnings or not; 1 something keeps it from working; 2 the settings
    cannot even be read, so nothing else was looked at.
    """
    from airbyte_mcp_server.operating.doctor import examine  # noqa: PLC0415 - client and store load when used
    from airbyte_mcp_server.operating.findings import ExitCode, Verdict, fail, worst  # noqa: PLC0415 - as above

    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = load_settings(given, config=config)
        files = files_named(given, config=config)
    except SettingsError as error:
        _show(
            [fail("settings", str(error), "Correct it; docs/settings.md lists every setting.")],
            None,
            as_json=as_json,
        )
        sys.exit(ExitCode.CANNOT_RUN)
    log_to_stderr(settings)
    findings = examine(settings, files)
    _show(findings, settings, as_json=as_json)
    sys.exit(ExitCode.PROBLEMS if worst(findings) is Verdict.FAIL else ExitCode.FINE)


def _show(findings: "list[Finding]", settings: Settings | None, *, as_json: bool) -> None:
    from airbyte_mcp_server.operating import findings as told  # noqa: PLC0415 - as above
    from airbyte_mcp_server.operating.redacting import Redactor  # noqa: PLC0415 - as above

    redact = Redactor(settings or Settings.model_validate({}))
    click.echo(told.as_json(findings, redact) if as_json else "\n".join(told.in_words(findings, redact)))
