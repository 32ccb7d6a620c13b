"""Generates the table of docs/sandbox.md by asking a running sandbox about every call of the real API."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from airbyte_sandbox import SandboxSettings, start_in_thread

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "sandbox.md"
PUBLIC, CONFIG = "/api/public/v1", "/api/v1"
NOBODY = "00000000-0000-4000-8000-000000000000"
NOT_BUILT = 501


@dataclass(frozen=True)
class ApiCall:
    """A call of the real API, and where the sandbox's answer is known to differ."""

    method: str
    path: str
    differs: str = ""


PUBLIC_CALLS = (
    ApiCall("GET", "/health"),
    ApiCall("POST", "/applications/token", "there is one application; its credentials are printed"),
    ApiCall("GET", "/workspaces", "`notifications` is empty"),
    ApiCall("GET", "/workspaces/{id}"),
    ApiCall("POST", "/workspaces"),
    ApiCall("PATCH", "/workspaces/{id}"),
    ApiCall("DELETE", "/workspaces/{id}"),
    ApiCall("GET", "/sources", "secrets are found by the names of fields, as no specification is asked"),
    ApiCall("GET", "/sources/{id}", "as above; no `includeSecretCoordinates`"),
    ApiCall("POST", "/sources"),
    ApiCall("PATCH", "/sources/{id}"),
    ApiCall("PUT", "/sources/{id}"),
    ApiCall("DELETE", "/sources/{id}"),
    ApiCall("GET", "/destinations", "secrets as for sources"),
    ApiCall("GET", "/destinations/{id}", "secrets as for sources"),
    ApiCall("POST", "/destinations"),
    ApiCall("PATCH", "/destinations/{id}"),
    ApiCall("PUT", "/destinations/{id}"),
    ApiCall("DELETE", "/destinations/{id}"),
    ApiCall("GET", "/connections", "in the order in which they were made"),
    ApiCall(
        "GET", "/connections/{id}", "streams have no mappers and no files; each has its source's `namespace`"
    ),
    ApiCall("POST", "/connections"),
    ApiCall(
        "PATCH",
        "/connections/{id}",
        "four sync modes; cursors and keys at the top level only; streams are told apart by their names"
        " alone, and `namespaceDefinition` is kept and does not move tables",
    ),
    ApiCall("DELETE", "/connections/{id}", "a PATCH to `deprecated` hides a connection"),
    ApiCall("GET", "/jobs"),
    ApiCall("GET", "/jobs/{job}"),
    ApiCall(
        "POST",
        "/jobs",
        "no roles are checked; eight jobs run at once, others wait as `pending`, where today's server may say"
        " `queued`",
    ),
    ApiCall("DELETE", "/jobs/{job}"),
    ApiCall("GET", "/streams", "property fields to one level of depth"),
    ApiCall("GET", "/tags"),
    ApiCall("POST", "/tags"),
    ApiCall("GET", "/tags/{id}"),
    ApiCall("PATCH", "/tags/{id}"),
    ApiCall("DELETE", "/tags/{id}"),
    ApiCall("GET", "/applications"),
    ApiCall("GET", "/connector_definitions"),
    ApiCall("GET", "/organizations"),
    ApiCall("GET", "/permissions"),
    ApiCall("GET", "/users"),
    ApiCall("GET", "/regions"),
    ApiCall("GET", "/dataplanes"),
)
CONFIG_CALLS = (
    ApiCall("GET", "/health"),
    ApiCall("POST", "/applications/token"),
    ApiCall("POST", "/jobs/get_without_logs", "no counts by stream"),
    ApiCall("POST", "/jobs/get", "the last 1,000 lines of each attempt"),
    ApiCall("POST", "/jobs/list", "filters: `configId`, `configTypes`, `statuses`"),
    ApiCall("POST", "/attempt/get_for_job", "structured logs only; the last 1,000 lines"),
    ApiCall("POST", "/stream_statuses/list", "filters: `connectionId`, `jobId`"),
    ApiCall("POST", "/jobs/get_debug_info"),
    ApiCall("POST", "/jobs/explain"),
    ApiCall("POST", "/state/get"),
    ApiCall("POST", "/connections/status"),
    ApiCall("POST", "/connections/sync_progress"),
    ApiCall("POST", "/connections/refresh"),
    ApiCall("POST", "/connections/clear/stream"),
    ApiCall("POST", "/connections/events/list"),
    ApiCall("POST", "/connections/list_paginated"),
    ApiCall("POST", "/sources/check_connection"),
    ApiCall("POST", "/destinations/check_connection"),
)


def generate() -> dict[Path, str]:
    """The document with a fresh table."""
    begin, end = "<!-- generated: calls -->", "<!-- end of generated: calls -->"
    text = DOCUMENT.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    table = "\n".join([begin, *rows(), end])
    return {DOCUMENT: pattern.sub(lambda _: table, text)}


def rows() -> Iterator[str]:
    """The table, line by line."""
    yield "| call | in the sandbox | known to differ |"
    yield "|---|---|---|"
    settings = SandboxSettings(require_auth=False, schedules=False)
    with start_in_thread(settings) as sandbox, httpx.Client(base_url=sandbox.address.url) as http:
        for base, calls in ((PUBLIC, PUBLIC_CALLS), (CONFIG, CONFIG_CALLS)):
            for call in calls:
                built = "yes" if is_built(http, base, call) else "no: 501"
                yield f"| `{call.method} {base}{call.path}` | {built} | {call.differs} |"


def is_built(http: httpx.Client, base: str, call: ApiCall) -> bool:
    """Whether the sandbox does anything but say that it has no such call."""
    path = base + call.path.replace("{id}", NOBODY).replace("{job}", "0")
    return http.request(call.method, path).status_code != NOT_BUILT


def main() -> None:
    """Write the document."""
    for path, text in generate().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
