"""The switch for traces: where it is off, nothing of OpenTelemetry's SDK is loaded."""

from contextlib import AbstractContextManager, nullcontext

from airbyte_mcp_server.settings.model import Settings, SettingsError


def telemetry(settings: Settings) -> AbstractContextManager[None]:
    """Send traces while the block runs, if the settings say so.

    Raises:
        SettingsError: They say so, and what is needed is not installed.
    """
    if settings.telemetry == "off":
        return nullcontext()
    try:
        from airbyte_mcp_server.operating.tracing import sending_traces  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            "Telemetry is on, but what it needs is not installed:"
            " pip install 'airbyte-mcp-server[telemetry]'."
        ) from error
    return sending_traces(settings)
