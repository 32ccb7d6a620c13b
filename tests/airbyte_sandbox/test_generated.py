"""Generated fleets: the same for the same number, and as quick at the far end of a list as at its beginning."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airbyte_sandbox import FleetSize, ManualClock, SandboxSettings, start_in_thread
from airbyte_sandbox.clock import SystemClock
from airbyte_sandbox.seed.generated import plant_generated
from airbyte_sandbox.seed.home import DEFAULT_WORKSPACE
from airbyte_sandbox.storage.database import Database
from airbyte_sandbox.storage.fleet import FleetStore, Page
from airbyte_sandbox.storage.job_filter import JobFilter, JobOrder
from airbyte_sandbox.storage.jobs import JobStore
from sandbox_user import Json, SandboxUser

SIZE = FleetSize(connections=600, jobs=30_000, seed=7)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FILTERS = [JobFilter(), JobFilter(workspace_ids=(DEFAULT_WORKSPACE.id,)), JobFilter(statuses=("failed",))]
ORDERS = [JobOrder(), JobOrder(newest_first=True)]


class Shop:
    """The stores of a generated fleet, and how much SQLite works."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.fleet = FleetStore(self.database)
        self.jobs = JobStore(self.database, SystemClock())
        plant_generated(self.fleet, self.jobs, SIZE, NOW)

    def steps(self, wanted: JobFilter, order: JobOrder, offset: int) -> int:
        """How many hundreds of SQLite's instructions a page of 20 jobs takes."""
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        with self.database.transaction() as connection:
            connection.set_progress_handler(step, 100)
            try:
                found = self.jobs.jobs(wanted, order, Page(20, offset))
            finally:
                connection.set_progress_handler(None, 0)
        assert len(found) == 20
        return count


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("fleet") / "fleet.sqlite")
    yield shop
    shop.database.close()


@pytest.mark.parametrize("wanted", FILTERS, ids=["all", "workspace", "failed"])
@pytest.mark.parametrize("order", ORDERS, ids=["oldest", "newest"])
def test_pages_far_away_hold_exactly_what_walking_there_would_give(
    shop: Shop, wanted: JobFilter, order: JobOrder
) -> None:
    count = shop.jobs.count(wanted)
    everything = [job.id for job in shop.jobs.jobs(wanted, order, Page(count))]
    assert len(everything) == count > 1500
    for offset in (0, 990, 1000, 1007, count // 3, count // 2, count - 20, count - 3, count, count + 50):
        page = [job.id for job in shop.jobs.jobs(wanted, order, Page(20, offset))]
        assert page == everything[offset : offset + 20]


@pytest.mark.parametrize(
    ("wanted", "instructions"), [(FILTERS[0], 12), (FILTERS[1], 260)], ids=["all", "workspace"]
)
@pytest.mark.parametrize("order", ORDERS, ids=["oldest", "newest"])
def test_no_page_is_much_more_work_than_walking_a_day(
    shop: Shop, wanted: JobFilter, instructions: int, order: JobOrder
) -> None:
    """A page visits the rows of one day and the table of days, not all the jobs before it."""
    count = shop.jobs.count(wanted)
    near = shop.steps(wanted, order, 0)
    a_day = count // 90 * instructions // 100
    for offset in (count // 2, count - 20):
        assert shop.steps(wanted, order, offset) < near + 100 + a_day


def test_counts_by_day_follow_a_job_through_its_states(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        query = "SELECT sum(jobs) FROM job_days WHERE status = ?"
        counted = {
            status: connection.execute(query, (status,)).fetchone()[0] for status in ("succeeded", "failed")
        }
    assert counted == {
        status: shop.jobs.count(JobFilter(statuses=(status,))) for status in ("succeeded", "failed")
    }


def told(seed: int) -> Json:
    settings = SandboxSettings(fleet=FleetSize(30, 200, seed), schedules=False)
    with start_in_thread(settings, clock=ManualClock(NOW)) as sandbox:
        user = SandboxUser(sandbox.address)
        kinds = ("workspaces", "sources", "destinations", "connections", "jobs")
        fleet = [user.get(f"/{kind}", limit=100)["data"] for kind in kinds]
        user.close()
    return fleet


def test_the_same_number_gives_the_same_fleet_and_another_one_another() -> None:
    assert told(1) == told(1) != told(2)


def test_a_connection_of_a_generated_fleet_really_syncs() -> None:
    with start_in_thread(SandboxSettings(fleet=FleetSize(3, 10, 1), schedules=False)) as sandbox:
        user = SandboxUser(sandbox.address)
        connection = next(c for c in user.get("/connections")["data"] if c["status"] == "active")
        job = user.sync(connection["name"])
        assert job["rowsSynced"] == len(user.rows(connection["name"])) >= 100
        user.close()
