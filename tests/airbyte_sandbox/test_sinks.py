"""What is in a destination after syncs, by content, whatever the sink and whenever the process died."""

import signal
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from airbyte_sandbox import SandboxSettings, start_in_thread
from airbyte_sandbox.sources import sample_streams
from foreground_sandbox import Foreground
from sandbox_user import Json, SandboxUser
from sink_contents import KINDS, Found, rows_of

MODES = ["full_refresh_overwrite", "full_refresh_append", "incremental_append", "incremental_deduped_history"]
FIRST, NEW = 300, 40

pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def bench() -> Generator[SandboxUser]:
    """A user of a sandbox that this module's tests share; each plants a fleet of its own."""
    with start_in_thread(SandboxSettings(schedules=False, time_factor=0)) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()


def described(name: str, mode: str, kind: str, **settings: Json) -> Json:
    configuration = {"streams": {"orders": FIRST}, "new_rows": NEW, **settings}
    return {
        "name": name,
        "source": {"name": f"Shop for {name}", "configuration": configuration},
        "destination": {"type": kind},
        "streams": {"orders": mode},
    }


def plant(user: SandboxUser, *connections: Json) -> None:
    answer = user.http.post(f"{user.address.url}/_sandbox/seed", json={"connections": connections})
    assert answer.status_code == 200, answer.text


def seed(user: SandboxUser, mode: str, kind: str, **settings: Json) -> None:
    plant(user, described("c", mode, kind, **settings))


def fault(user: SandboxUser, **rule: Json) -> None:
    assert user.http.post(f"{user.address.url}/_sandbox/faults", json=rule).status_code == 200


def landed(user: SandboxUser, name: str = "c") -> list[Found]:
    """The rows in the destination, as many as the sandbox says there are."""
    sink = user.control(f"/sink/{user.connection(name)['connectionId']}")
    (stream,) = sink["streams"]
    rows = rows_of(Path(sink["path"]), stream["table"])
    assert len(rows) == stream["rows"]
    return rows


def by_id(rows: list[Found]) -> list[Found]:
    return sorted(rows, key=lambda row: int(row["id"]))


def made(until: int) -> list[Found]:
    """What the source gives up to this row: first rows, then as many changed ones as new ones."""
    return [sample_streams.row("orders", number, FIRST) for number in range(1, until + 1)]


def should_be(mode: str, until: int) -> list[Found]:
    """What an incremental connection has got when the source has given its rows up to this one, by id."""
    return by_id(made(until)) if mode == "incremental_append" else newest(made(until))


def newest(rows: list[Found]) -> list[Found]:
    """The last row of each id."""
    return by_id(list({row["id"]: row for row in rows}.values()))


@pytest.mark.parametrize("mode", MODES)
def test_after_each_of_three_syncs_there_are_exactly_the_rows_there_should_be(
    bench: SandboxUser, mode: str, kind: str
) -> None:
    seed(bench, mode, kind)
    for sync in range(3):
        bench.sync("c")
        everything = made(FIRST + sync * NEW)
        match mode:
            case "full_refresh_overwrite":
                assert landed(bench) == made(FIRST)
            case "full_refresh_append":
                assert landed(bench) == made(FIRST) * (sync + 1)
            case "incremental_append":
                assert landed(bench) == everything
            case _:
                assert by_id(landed(bench)) == newest(everything)
                assert sync == 0 or len(landed(bench)) < len(everything)


@pytest.mark.parametrize("mode", MODES[2:])
def test_a_source_that_breaks_on_the_way_leaves_no_row_twice_and_none_out(
    bench: SandboxUser, mode: str, kind: str
) -> None:
    seed(bench, mode, kind, state_every=50)
    for rows in (75, 120):
        fault(bench, kind="fail_at_row", rows=rows)
    job = bench.sync("c")
    assert len(bench.attempts(job["jobId"])) == 3
    bench.sync("c")
    assert by_id(landed(bench)) == should_be(mode, FIRST + NEW)


def test_a_clear_leaves_nothing_and_the_next_sync_begins_again(bench: SandboxUser, kind: str) -> None:
    seed(bench, "incremental_append", kind)
    bench.sync("c")
    bench.ended(bench.start("c", "clear"))
    assert landed(bench) == []
    bench.sync("c")
    assert landed(bench) == made(FIRST)


def test_every_destination_offers_every_mode_and_a_change_to_deduplication_leaves_the_newest_rows(
    bench: SandboxUser, kind: str
) -> None:
    seed(bench, "incremental_append", kind)
    bench.sync("c")
    bench.sync("c")
    connection = bench.connection("c")
    offered = bench.get(
        "/streams", sourceId=connection["sourceId"], destinationId=connection["destinationId"]
    )
    assert offered[0]["syncModes"] == MODES
    stream = {"name": "orders", "syncMode": "incremental_deduped_history"}
    path = f"/connections/{connection['connectionId']}"
    answer = bench.call("PATCH", path, {"configurations": {"streams": [stream]}})
    assert answer.status_code == 200, answer.text
    bench.sync("c")
    assert by_id(landed(bench)) == newest(made(FIRST + 2 * NEW))


def test_a_sandbox_that_is_killed_in_the_middle_of_syncs_has_all_committed_rows_and_goes_on_behind_them(
    tmp_path: Path, kind: str
) -> None:
    changes, modes = 4000, MODES[2:]
    sandbox = Foreground(tmp_path)
    with closing(SandboxUser(sandbox.address)) as user:
        plant(
            user,
            described("replaced", MODES[0], kind, streams={"orders": changes}),
            *(described(mode, mode, kind, new_rows=changes, state_every=10) for mode in modes),
        )
        for name in ("replaced", *modes):
            user.sync(name)
        fault(user, kind="slow_source", rowsPerSecond=200, times=3)
        jobs = {name: user.start(name) for name in ("replaced", *modes)}
        for mode in modes:
            user.running(jobs[mode], records=60)
        said = {mode: committed(user, jobs[mode]) for mode in modes}
        sandbox.end(signal.SIGKILL)
    with (
        start_in_thread(SandboxSettings(data_dir=tmp_path, schedules=False)) as again,
        closing(SandboxUser(again.address)) as user,
    ):
        assert {user.get(f"/jobs/{job}")["status"] for job in jobs.values()} == {"failed"}
        assert [row["id"] for row in landed(user, "replaced")] == list(range(1, changes + 1))
        for mode in modes:
            survived = landed(user, mode)
            last = sample_streams.number_at(max(row["updated_at"] for row in survived))
            assert last >= FIRST + said[mode]
            assert by_id(survived) == should_be(mode, last)
            # A state ahead of the rows would leave some out now, one behind them would bring some again.
            assert user.sync(mode)["rowsSynced"] == FIRST + changes - last
            assert by_id(landed(user, mode)) == should_be(mode, FIRST + changes)


def committed(user: SandboxUser, job: int) -> int:
    return int(user.attempts(job)[0]["totalStats"]["recordsCommitted"])
