"""Every filter of the list of jobs reaches Airbyte in Airbyte's words."""

from datetime import datetime, timedelta, timezone

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID
from airbyte_client import AirbyteClient, JobStatus, JobType
from scripted_airbyte import ScriptedAirbyte, page


def test_all_filters_are_sent(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs", page())
    moment = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    client.list_jobs(
        CONNECTION_ID,
        workspace_id=WORKSPACE_ID,
        job_type=JobType.SYNC,
        status=JobStatus.FAILED,
        created_after=moment,
        created_before=moment + timedelta(hours=1),
        updated_after=moment + timedelta(hours=2),
        updated_before=moment + timedelta(hours=3),
        limit=7,
    )

    assert server.log[0].query == {
        "connectionId": [CONNECTION_ID],
        "workspaceIds": [WORKSPACE_ID],
        "jobType": ["sync"],
        "status": ["failed"],
        "createdAtStart": ["2026-01-01T10:00:00Z"],
        "createdAtEnd": ["2026-01-01T11:00:00Z"],
        "updatedAtStart": ["2026-01-01T12:00:00Z"],
        "updatedAtEnd": ["2026-01-01T13:00:00Z"],
        "orderBy": ["createdAt|DESC"],
        "limit": ["7"],
        "offset": ["0"],
    }
