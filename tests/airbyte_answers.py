"""Answers as Airbyte gives them, in both of its dialects."""

CONNECTION_ID = "d4e5f6a7-b8c9-0123-def0-1234567890ab"
WORKSPACE_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


def connection(**changes: object) -> dict[str, object]:
    return {
        "connectionId": CONNECTION_ID,
        "name": "Orders to warehouse",
        "sourceId": "b2c3d4e5-f6a7-8901-bcde-f12345678901",
        "destinationId": "c3d4e5f6-a7b8-9012-cdef-123456789012",
        "workspaceId": WORKSPACE_ID,
        "status": "active",
        "schedule": {"scheduleType": "manual"},
        "createdAt": 1738483200,
        "tags": [],
        **changes,
    }


def job(job_id: object = 124, **changes: object) -> dict[str, object]:
    """A job in the official dialect."""
    return {
        "jobId": job_id,
        "status": "running",
        "jobType": "sync",
        "connectionId": CONNECTION_ID,
        "startTime": "2026-01-01T10:00Z",
        "lastUpdatedAt": None,
        **changes,
    }
