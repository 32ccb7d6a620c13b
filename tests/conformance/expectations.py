"""What the suite finds in this server that is not a plain success, each with its reason.

A test compares both ways: what is found must be explained here, and what is explained here must be found.
"""

from conformance.suite import Finding

STATEFUL, STATELESS = "2025-11-25", "2026-07-28"
REVISIONS = (STATEFUL, STATELESS)

NO_TASKS = (
    "The extension io.modelcontextprotocol/tasks is optional, and mcp 2.3 does not implement it; this server"
    " does not declare it. What runs long here is a job of Airbyte, which tools ask about."
)
NOT_WRITTEN = "The suite skips it itself: its own part is yet to be written."
NO_REPLAY = (
    "Events are not kept for a client that reconnects: an answer that is lost is asked for again, and a change"
    " happens once however often it is asked for. 2026-07-28 has taken resumption out of the protocol."
)
LISTS_STAY = (
    "The lists of this server do not change while it runs, so it never says that they have. That it declares"
    " listChanged is the SDK's doing, for every server that serves subscriptions/listen."
)

BY_SCENARIO: dict[tuple[str, str], str] = {
    (STATELESS, scenario): NO_TASKS
    for scenario in (
        "tasks-lifecycle",
        "tasks-capability-negotiation",
        "tasks-wire-fields",
        "tasks-request-state-removal",
        "tasks-mrtr-input",
        "tasks-request-headers",
        "tasks-dispatch-and-envelope",
        "tasks-required-task-error",
        "tasks-mrtr-composition",
    )
}
"""Scenarios in which something fails; none of them counts for conformance."""

BY_CHECK: dict[tuple[str, str, str], str] = {
    (STATELESS, "tasks-status-notifications", "tasks-status-notifications"): NOT_WRITTEN,
    (STATEFUL, "server-sse-polling", "server-sse-priming-event"): NO_REPLAY,
    (STATEFUL, "server-sse-polling", "server-sse-retry-field"): NO_REPLAY,
    (STATELESS, "server-stateless", "sep-2575-server-sends-tools-list-changed-on-subscription"): LISTS_STAY,
    (STATELESS, "server-stateless", "sep-2575-server-sends-prompts-list-changed-on-subscription"): LISTS_STAY,
}
"""Single checks that end in a warning or are skipped."""

APPLY_TO_ANY_SERVER: dict[str, tuple[str, ...]] = {
    STATEFUL: (
        "server-initialize",
        "ping",
        "completion-complete",
        "tools-list",
        "resources-list",
        "prompts-list",
        "server-sse-multiple-streams",
        "dns-rebinding-protection",
        "server-session-lifecycle",
    ),
    STATELESS: (
        "completion-complete",
        "tools-list",
        "resources-list",
        "sep-2164-resource-not-found",
        "prompts-list",
        "server-sse-multiple-streams",
        "dns-rebinding-protection",
        "caching",
        "input-required-result-unsupported-methods",
        "http-header-validation",
    ),
}
"""Scenarios that need no fixture: they are put to the product as it is installed, too."""


def explained(revision: str, finding: Finding) -> bool:
    """Whether the tables say why a finding is no plain success."""
    by_check = (revision, finding.scenario, finding.check) in BY_CHECK
    return by_check or (finding.status != "WARNING" and (revision, finding.scenario) in BY_SCENARIO)


def unused(revision: str, unfine: list[Finding]) -> list[tuple[str, ...]]:
    """Entries of the tables for which nothing was found."""
    scenarios = {f.scenario for f in unfine if f.status == "FAILURE"}
    checks = {(f.scenario, f.check) for f in unfine}
    return [
        *(key for key in BY_SCENARIO if key[0] == revision and key[1] not in scenarios),
        *(key for key in BY_CHECK if key[0] == revision and key[1:] not in checks),
    ]
