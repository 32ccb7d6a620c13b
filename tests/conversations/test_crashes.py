"""SIGKILL at every step between a person's yes and the outcome, then a new process: never two requests.

Each stop is a place outside the server (see `killing`). After the kill a new
process with a fresh client is asked what became of the plan, first while the
dead one could still be alive, and again when its lease is over.
"""

from typing import Any

import pytest

from harness import HEALTHY, Desk, data_of
from killing import (
    BOTH,
    JOBS,
    SECOND,
    TRIGGER,
    At,
    Boundary,
    Stop,
    assert_recorded,
    call_and_kill,
    client_of,
    newest_job,
    serving,
)
from postgres_server import PostgresServer
from stores_outside import DatabaseStoreOf, FileStoreOf, StoreOf

pytestmark = pytest.mark.ci

SCHEDULE = ("update_schedule", {"connections": [HEALTHY], "every_hours": 6})


def stop(name: str, **fields: Any) -> Any:
    """A boundary under its name."""
    return pytest.param(Stop(**fields), id=name)


STOPS = [
    stop(
        "while it reads again what the person saw",
        call=TRIGGER,
        at=At.ARRIVAL,
        request=("GET", HEALTHY),
        effects=0,
        state="approved",
        results=[],
    ),
    stop(
        "before the approval is used",
        call=TRIGGER,
        at=At.STORE,
        request=("GET", HEALTHY),
        effects=0,
        state="approved",
        results=[],
    ),
    stop(
        "a sync that never arrives",
        call=TRIGGER,
        at=At.ARRIVAL,
        request=("POST", JOBS),
        effects=0,
        state="outcome_unknown",
        results=["outcome_unknown"],
        says="No such job has begun since",
    ),
    stop(
        "a sync that has begun",
        call=TRIGGER,
        at=At.ANSWER,
        request=("POST", JOBS),
        effects=1,
        state="outcome_unknown",
        results=["outcome_unknown"],
        says="began after the request; whether it is ours cannot be proven",
    ),
    stop(
        "a sync whose outcome is not recorded yet",
        call=TRIGGER,
        at=At.STORE,
        request=("POST", JOBS),
        effects=1,
        state="outcome_unknown",
        results=["outcome_unknown"],
        says="cannot be proven",
    ),
    stop(
        "a sync whose outcome is recorded",
        call=TRIGGER,
        at=At.RECORDED,
        request=("POST", JOBS),
        effects=1,
        state="executed",
        results=["executed"],
    ),
    stop(
        "a schedule that never arrives",
        call=SCHEDULE,
        at=At.ARRIVAL,
        request=("PATCH", HEALTHY),
        effects=0,
        state="outcome_unknown",
        results=["outcome_unknown"],
        says="It still is as before",
    ),
    stop(
        "a schedule that is set",
        call=SCHEDULE,
        at=At.ANSWER,
        request=("PATCH", HEALTHY),
        effects=1,
        state="executed",
        results=["executed"],
        says="It now is as approved",
    ),
    stop(
        "a schedule that is read back",
        call=SCHEDULE,
        at=At.ARRIVAL,
        request=("GET", HEALTHY),
        later=True,
        effects=1,
        state="executed",
        results=["executed"],
        says="It now is as approved",
    ),
    stop(
        "the first of two whose outcome is not recorded yet",
        call=BOTH,
        at=At.STORE,
        request=("PATCH", HEALTHY),
        effects=1,
        state="failed",
        results=["executed", "failed"],
        says="Nothing was sent",
    ),
    stop(
        "between the first of two and the second",
        call=BOTH,
        at=At.ARRIVAL,
        request=("GET", SECOND),
        later=True,
        effects=1,
        state="failed",
        results=["executed", "failed"],
        says="Nothing was sent",
    ),
    stop(
        "the second of two before its intent is recorded",
        call=BOTH,
        at=At.STORE,
        request=("GET", SECOND),
        later=True,
        effects=1,
        state="failed",
        results=["executed", "failed"],
        says="Nothing was sent",
    ),
    stop(
        "the second of two that never arrives",
        call=BOTH,
        at=At.ARRIVAL,
        request=("PATCH", SECOND),
        effects=1,
        state="outcome_unknown",
        results=["executed", "outcome_unknown"],
        says="It still is as before",
    ),
    stop(
        "the second of two that is set",
        call=BOTH,
        at=At.ANSWER,
        request=("PATCH", SECOND),
        effects=2,
        state="executed",
        results=["executed", "executed"],
        says="It now is as approved",
    ),
]


@pytest.fixture(params=["file", "database"])
def store(request: pytest.FixtureRequest, desk: Desk) -> StoreOf:
    """An empty store of each kind."""
    if request.param == "file":
        return FileStoreOf(desk)
    server: PostgresServer = request.getfixturevalue("postgres")
    return DatabaseStoreOf(server.fresh_database())


@pytest.mark.parametrize("wanted", STOPS)
async def test_a_kill_never_leads_to_a_second_request_or_a_lost_record(
    desk: Desk, store: StoreOf, wanted: Stop
) -> None:
    boundary = Boundary(desk, wanted, store)
    with boundary.ahead() as settings:
        await call_and_kill(desk, settings, boundary)
        plan_id, left = store.plan()
        with serving(desk, settings) as (_, url):
            async with client_of(url) as client:
                early = data_of(await client.call_tool("get_plan", {"plan_id": plan_id}))
                store.give_up_worker()
                settled = data_of(await client.call_tool("get_plan", {"plan_id": plan_id}))
                applied = [
                    data_of(await client.call_tool("apply_plan", {"plan_id": plan_id})) for _ in range(2)
                ]

    unused = wanted.state == "approved"
    effects = desk.sandbox.effects()
    assert early["status"] == left, "a plan is left alone while its process may live"
    assert (settled["status"], [row["status"] for row in settled["results"]]) == (
        wanted.state,
        wanted.results,
    )
    assert wanted.says in "".join(row["message"] for row in settled["results"][-1:])
    assert [one["status"] for one in applied] == ["executed" if unused else wanted.state] * 2
    assert len(effects) == wanted.effects + unused
    assert_recorded(store, requests=len(effects))
    if effects and wanted.call == TRIGGER:
        (job,) = {row["job_id"] for one in applied for row in one["results"]}
        assert job == newest_job(desk.sandbox)
