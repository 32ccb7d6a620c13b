"""The models that answers are made of.

Their JSON schemas are published as each tool's output schema, so they hold
only what a program needs: no prose, no nesting for its own sake. Times are
ISO 8601 UTC text; unknown is null, never zero.
"""

from pydantic import BaseModel, ConfigDict, JsonValue


class Answer(BaseModel):
    """What a tool returns as structured content."""

    model_config = ConfigDict(frozen=True)


class WorkspaceRow(Answer):
    """One workspace."""

    workspace_id: str
    name: str


class WorkspaceList(Answer):
    """Every workspace that the credentials see."""

    workspaces: list[WorkspaceRow]


class ConnectionRow(Answer):
    """One connection, compact. `schedule` is in words."""

    connection_id: str
    name: str
    workspace_id: str | None
    status: str
    schedule: str


class ConnectionList(Answer):
    """One page of connections; `total` counts all that fit the filters."""

    connections: list[ConnectionRow]
    total: int
    next_cursor: str | None = None


class StreamRow(Answer):
    """How one stream is synced. Keys and cursors as dotted paths."""

    name: str
    namespace: str | None
    sync_mode: str | None
    cursor: str | None
    primary_key: list[str]


class JobRow(Answer):
    """One job. `started_at` is when Airbyte created it; counts are of committed rows and bytes."""

    job_id: int
    connection_id: str
    type: str
    status: str
    started_at: str | None
    duration_seconds: float | None
    rows: int | None
    bytes: int | None


class ConnectionDetail(Answer):
    """One connection in full. `next_runs` is empty where Airbyte's schedule does not tell."""

    connection_id: str
    name: str
    workspace_id: str | None
    source_id: str
    destination_id: str
    status: str
    schedule: str
    next_runs: list[str]
    streams: list[StreamRow]
    streams_total: int
    last_job: JobRow | None


class JobList(Answer):
    """Jobs, newest first; `next_cursor` leads to older ones."""

    jobs: list[JobRow]
    next_cursor: str | None = None


class FailureRow(Answer):
    """One reason that Airbyte gives. `origin` names the part that failed, `type` the kind of fault."""

    origin: str | None
    type: str | None
    message: str | None


class JobDetail(Answer):
    """One job with its reasons, where the instance tells them; else `reason_note` says why not."""

    job: JobRow
    attempts: int | None
    failures: list[FailureRow]
    reason_note: str
    log: list[str]
    log_note: str


class JobWatch(Answer):
    """Where a job stood when the wait was over. `rows_so_far` is known only where the instance tells it."""

    job: JobRow
    finished: bool
    rows_so_far: int | None
    next_step: str


class TargetResult(Answer):
    """What became of one object of a change."""

    id: str
    name: str
    status: str
    message: str
    job_id: int | None


class ChangeResult(Answer):
    """What became of a change.

    `status` is nothing_to_do, approval_required, approved, denied, expired, stale,
    superseded, executing, executed, failed or outcome_unknown.
    """

    status: str
    plan_id: str | None
    results: list[TargetResult]
    next_step: str


class PlanDetail(Answer):
    """A plan as the person sees it, and where it stands."""

    plan_id: str
    status: str
    question: str
    approve_by: str
    results: list[TargetResult]
    next_step: str


class ProblemRow(Answer):
    """One connection that needs a person, and why. `since` is as far as known; `job_id` shows it."""

    connection_id: str
    name: str
    problem: str
    detail: str
    since: str | None
    job_id: int | None


class FleetReport(Answer):
    """The whole fleet: what needs a person, most urgent first, and counts for the rest.

    `missing` says what was not looked at, if anything.
    """

    since: str
    until: str
    connections: int
    jobs: int
    counts: dict[str, int]
    problems: list[ProblemRow]
    more_problems: int
    missing: str
    next_step: str


class SyncStatus(Answer):
    """The verdict on one connection, with its newest jobs, why the last failure happened, and what to do."""

    connection_id: str
    name: str
    condition: str
    detail: str
    streak: int
    since: str | None
    jobs: list[JobRow]
    failures: list[FailureRow]
    advice: str
    next_run: str | None
    next_step: str


class EndpointRow(Answer):
    """One source or destination, compact. `type` is the connector."""

    id: str
    name: str
    type: str | None
    workspace_id: str | None


class EndpointList(Answer):
    """One page of sources or destinations; `total` counts all that fit the filters."""

    items: list[EndpointRow]
    total: int
    next_cursor: str | None = None


class EndpointDetail(Answer):
    """One source or destination. Secrets in `configuration` are blanked out."""

    id: str
    name: str
    type: str | None
    workspace_id: str | None
    configuration: dict[str, JsonValue]
    connections: list[str]
    connections_total: int


class SchedulePreview(Answer):
    """Whether Airbyte can run a schedule, when it runs next, and how to set it.

    `runs` are in UTC, `local_runs` the same moments in the person's zone.
    """

    possible: bool
    schedule: str
    cron: str | None
    runs: list[str]
    local_runs: list[str]
    note: str
    next_step: str


class ChangedTarget(Answer):
    """One object of a change; `told` is its values before and after, and what became of it."""

    id: str
    name: str
    status: str
    told: str


class ChangeRow(Answer):
    """One change, who asked for it, and who approved it with which evidence."""

    plan_id: str
    action: str
    at: str
    status: str
    requester: str
    approver: str
    evidence: str
    targets: list[ChangedTarget]
    targets_total: int


class ChangeList(Answer):
    """One page of changes, newest first; `next_cursor` leads to older ones."""

    changes: list[ChangeRow]
    next_cursor: str | None = None
