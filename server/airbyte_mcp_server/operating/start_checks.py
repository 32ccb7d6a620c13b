"""What would keep the server from starting, by the very functions of `serve`; nothing is served."""

from collections.abc import Iterator

from airbyte_mcp_server.operating.findings import Findings, fail, ok
from airbyte_mcp_server.operating.routes import operating_routes
from airbyte_mcp_server.operating.telemetry import telemetry
from airbyte_mcp_server.pages.serving import require_safe
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.settings.model import Settings, SettingsError


def start(settings: Settings) -> Findings:
    """Whether what is switched on is installed and may be served; policy and access have their own checks."""
    refusals = list(_refusals(settings))
    for refusal in refusals:
        yield fail("start", refusal, "Correct it; until then the server does not start.")
    if not refusals:
        yield ok("start", "What is switched on is installed, and may be served where the settings say.")


def _refusals(settings: Settings) -> Iterator[str]:
    """What `serve` would say instead of starting."""
    for attempt in (_telemetry, _metrics, _page):
        try:
            attempt(settings)
        except SettingsError as error:
            yield str(error)


def _telemetry(settings: Settings) -> None:
    """Begin to send traces and end at once: of none."""
    with telemetry(settings):
        pass


def _metrics(settings: Settings) -> None:
    if settings.transport != "stdio" and settings.metrics != "off":
        # A policy file that cannot be used would be said twice.
        operating_routes(Runtime(settings.model_copy(update={"policy_file": None})), lambda app: app)


def _page(settings: Settings) -> None:
    if settings.transport != "stdio" and settings.approvals_page:
        require_safe(settings, ())
