"""The conversation, step by step. After each step Airbyte itself is asked whether it is so."""

from collections.abc import Awaitable, Callable

from airbyte_client import AsyncAirbyteClient, Job
from airbyte_guardrails.evidence import Decision
from airbyte_mcp_server.demo.client import Assistant, Person, structured
from airbyte_mcp_server.demo.screen import RowsBar, Screen

HEALTHY = "Orders to warehouse"
FAILING = "CRM contacts to warehouse"
EVERY_HOURS = 6


class StepFailedError(Exception):
    """A step did not do what it shows."""


class Conversation:
    """Plays the conversation and checks every step at Airbyte, not at the server's own words."""

    def __init__(
        self, assistant: Assistant, airbyte: AsyncAirbyteClient, person: Person, screen: Screen
    ) -> None:
        self._assistant = assistant
        self._airbyte = airbyte
        self._person = person
        self._screen = screen

    async def play(self) -> bool:
        """Play every step; returns whether each did what it shows."""
        steps: tuple[Callable[[], Awaitable[str]], ...] = (
            self._overview,
            self._why,
            self._model_cannot_confirm,
            self._run_now,
            self._six_hourly,
        )
        outcomes = [await self._checked(step) for step in steps]
        return all(outcomes)

    async def _checked(self, step: Callable[[], Awaitable[str]]) -> bool:
        try:
            self._screen.checked(await step())
        except StepFailedError as failure:
            self._screen.failed(str(failure))
            return False
        return True

    async def _overview(self) -> str:
        self._screen.person("How are my syncs?")
        answer = structured(await self._assistant.call("list_connections", {}))
        there = len(await self._airbyte.list_connections())
        _require(answer.get("total") == there, f"Airbyte has {there} connections, the answer says otherwise")
        return f"all {there} connections of Airbyte are in the answer"

    async def _why(self) -> str:
        self._screen.person(f"{FAILING} failed. Why?")
        listed = await self._assistant.call(
            "list_jobs", {"connection": FAILING, "status": "failed", "limit": 3}
        )
        jobs = structured(listed).get("jobs", [])
        _require(bool(jobs), "no failed job was found")
        told = structured(await self._assistant.call("get_job", {"job_id": jobs[0]["job_id"]}))
        _require(bool(told.get("failures")), "no reason was given")
        return "the reason is the one that Airbyte recorded"

    async def _model_cannot_confirm(self) -> str:
        self._screen.person("(the model tries to say yes by itself)")
        before = await self._newest()
        result = await self._assistant.call("trigger_sync", {"connections": [HEALTHY], "confirm": True})
        _require(result.is_error and await self._newest() == before, "the call was not refused")
        return "refused, and Airbyte got nothing"

    async def _run_now(self) -> str:
        self._screen.person(f"Run {HEALTHY} now.")
        before = await self._newest()
        result = structured(await self._assistant.call("trigger_sync", {"connections": [HEALTHY]}))
        started = await self._newest()
        if self._person.last_decision is not Decision.APPROVE:
            _require(started == before, "it was not approved, and yet a job appeared")
            return "not approved, and nothing was started"
        _require(started is not None and started != before, "it was approved, but no job appeared")
        return await self._follow(result["results"][0]["job_id"])

    async def _follow(self, job_id: int) -> str:
        wait = {"job_id": job_id, "wait_seconds": 120}
        ended = structured(await self._assistant.call("wait_for_job", wait, RowsBar()))
        job = await self._airbyte.get_job(job_id)
        _require(bool(ended.get("finished")) and bool(job.rows_synced), "the sync did not land any rows")
        return f"job {job_id} {job.status.value}: {job.rows_synced:,} rows are in the destination"

    async def _six_hourly(self) -> str:
        self._screen.person(f"Make it run every {EVERY_HOURS} hours.")
        arguments = {"connections": [HEALTHY], "every_hours": EVERY_HOURS}
        before = await self._schedule()
        await self._assistant.call("update_schedule", arguments)
        after = await self._schedule()
        if self._person.last_decision is not Decision.APPROVE:
            _require(after == before, "it was not approved, and yet the schedule changed")
            return "not approved, and the schedule is as it was"
        _require(after != before, "it was approved, but the schedule is as it was")
        return f"the schedule is now: {after}"

    async def _schedule(self) -> str:
        connection = await self._airbyte.get_connection(await self._healthy_id())
        return connection.schedule.in_words() if connection.schedule else "not told"

    async def _newest(self) -> int | None:
        jobs: list[Job] = await self._airbyte.list_jobs(await self._healthy_id(), limit=1)
        return jobs[0].job_id if jobs else None

    async def _healthy_id(self) -> str:
        connections = await self._airbyte.list_connections()
        return next(c.connection_id for c in connections if c.name == HEALTHY)


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a check reads best with its condition first
    if not holds:
        raise StepFailedError(otherwise)
