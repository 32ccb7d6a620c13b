"""Whatever happens in whatever order: no illegal transition, one active job, counts equal to rows."""

import os
import signal
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from airbyte_sandbox import SandboxSettings, start_in_thread
from airbyte_sandbox.model import NEXT_STATES, JobStatus
from sandbox_user import Json, SandboxUser

ROWS, NEW, EVERY = 60, 10, 20
WITNESSES = """
CREATE TABLE seen_jobs (job, old, new);
CREATE TRIGGER job_seen AFTER UPDATE OF status ON jobs BEGIN
    INSERT INTO seen_jobs VALUES (OLD.id, OLD.status, NEW.status); END;
CREATE TABLE seen_attempts (job, old, new);
CREATE TRIGGER attempt_seen AFTER UPDATE OF status ON attempts BEGIN
    INSERT INTO seen_attempts VALUES (OLD.job_id, OLD.status, NEW.status); END;
"""
ILLEGAL_ATTEMPTS = """
SELECT * FROM seen_attempts WHERE old <> 'running' OR new NOT IN ('succeeded', 'failed')
"""
TWO_ACTIVE = """
SELECT connection_id FROM jobs WHERE status NOT IN ('succeeded', 'failed', 'cancelled')
GROUP BY connection_id HAVING count(*) > 1
"""
# A job that has ended has no attempt that runs, and its attempts are numbered without a gap.
LOOSE_ENDS = """
SELECT jobs.id FROM jobs JOIN attempts ON attempts.job_id = jobs.id GROUP BY jobs.id
HAVING max(number) + 1 <> count(*) OR sum(attempts.status = 'running') > 1
    OR (jobs.status IN ('succeeded', 'failed', 'cancelled') AND sum(attempts.status = 'running') > 0)
"""
MODES = {
    "appended": "incremental_append",
    "written": "full_refresh_append",
    "replaced": "full_refresh_overwrite",
    "deduplicated": "incremental_deduped_history",
    "lines": "incremental_deduped_history",
    "typed": "incremental_append",
}
KINDS = {"lines": "jsonl", "typed": "duckdb"}
names = st.sampled_from(sorted(MODES))


def described(name: str, mode: str) -> Json:
    configuration = {"streams": {"orders": ROWS}, "new_rows": NEW, "state_every": EVERY}
    return {
        "name": name,
        "source": {"name": name, "configuration": configuration},
        "destination": {"name": name, "type": KINDS.get(name, "sqlite")},
        "streams": {"orders": mode},
        "schedule": {"cron": "0 0 * * * ?"} if name == "appended" else {},
    }


class Operations(RuleBasedStateMachine):
    """What people, clocks and bad luck do to a sandbox; subclassed with the sandbox to do it to."""

    user: SandboxUser
    database: sqlite3.Connection
    steps = 0

    @initialize()
    def begin(self) -> None:
        """A fresh fleet with one connection of each mode, and of each kind of destination."""
        fleet = {"connections": [described(name, mode) for name, mode in MODES.items()]}
        assert self.post("/seed", fleet).status_code == 200
        connections = self.user.get("/connections", limit=100)["data"]
        self.ids = {item["name"]: item["connectionId"] for item in connections}

    def post(self, path: str, body: Json) -> Json:
        return self.user.http.post(f"{self.user.address.url}/_sandbox{path}", json=body)

    def newest(self, name: str) -> Json:
        query = {"connectionId": self.ids[name], "orderBy": "createdAt|DESC", "limit": 1}
        return next(iter(self.user.get("/jobs", **query)["data"]), None)

    @rule(name=names)
    def sync(self, name: str) -> None:
        body = {"connectionId": self.ids[name], "jobType": "sync"}
        assert self.user.call("POST", "/jobs", body).status_code in {200, 409}

    @rule(name=names)
    def clear(self, name: str) -> None:
        body = {"connectionId": self.ids[name], "jobType": "clear"}
        assert self.user.call("POST", "/jobs", body).json()["jobType"] == "reset"

    @rule(name=names)
    def cancel(self, name: str) -> None:
        job = self.newest(name)
        if job is not None:
            ended = self.user.call("DELETE", f"/jobs/{job['jobId']}").json()
            assert JobStatus(ended["status"]).terminal

    @rule(name=names, status=st.sampled_from(["active", "inactive"]))
    def set_status(self, name: str, status: str) -> None:
        path = f"/connections/{self.ids[name]}"
        assert self.user.call("PATCH", path, {"status": status}).json()["status"] == status

    @rule(
        name=names,
        kind=st.sampled_from(["fail_at_row", "config_error", "slow_source", "stuck_job", "zero_rows"]),
        rows=st.integers(0, ROWS + 5),
        times=st.integers(1, 3),
    )
    def break_source(self, name: str, kind: str, rows: int, times: int) -> None:
        fault = {"kind": kind, "rows": rows, "times": times, "rowsPerSecond": 500}
        assert self.post("/faults", {**fault, "connectionId": self.ids[name]}).status_code == 200

    @rule(kind=st.sampled_from(["status", "garbage", "reset"]))
    def break_request(self, kind: str) -> None:
        self.post("/faults", {"kind": kind, "path": "*/workspaces"})
        with suppress(Exception):
            self.user.call("GET", "/workspaces")

    @rule(minutes=st.integers(1, 200))
    def pass_time(self, minutes: int) -> None:
        assert self.post("/clock", {"advanceSeconds": minutes * 60}).status_code == 200

    @rule(name=names)
    def kill_source(self, name: str) -> None:
        job = self.newest(name)
        if job is not None:
            pid = self.user.control(f"/jobs/{job['jobId']}/wait", timeout=0.01)["pid"]
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    @rule(name=names)
    def look(self, name: str) -> None:
        """Let it come to rest, and compare what its jobs say with what is there."""
        self.settle(name)

    @invariant()
    def only_allowed_steps_and_one_active_job(self) -> None:
        type(self).steps += 1
        for _, old, new in self.database.execute("SELECT * FROM seen_jobs"):
            assert JobStatus(new) in NEXT_STATES[JobStatus(old)]
        for query in (ILLEGAL_ATTEMPTS, TWO_ACTIVE, LOOSE_ENDS):
            assert self.database.execute(query).fetchall() == []

    def teardown(self) -> None:
        for name in MODES if hasattr(self, "ids") else ():
            self.settle(name)

    def settle(self, name: str) -> None:
        self.user.call("PATCH", f"/connections/{self.ids[name]}", {"status": "inactive"})
        self.user.http.delete(f"{self.user.address.url}/_sandbox/faults")
        newest = self.newest(name)
        if newest is not None:
            waited = self.user.control(f"/jobs/{newest['jobId']}/wait", timeout=0.7)
            if not waited["reached"]:  # it may be stuck
                self.user.call("DELETE", f"/jobs/{newest['jobId']}")
        self.compare(name)
        self.user.call("PATCH", f"/connections/{self.ids[name]}", {"status": "active"})

    def compare(self, name: str) -> None:
        jobs = self.user.get("/jobs", connectionId=self.ids[name], limit=100)["data"]
        if len(jobs) == 100:
            return  # more than a page: the sum would be of a part
        resets = [
            at
            for at, job in enumerate(jobs)
            if job["jobType"] == "reset" and job["rowsSynced"] is not None and job["status"] == "succeeded"
        ]
        since = jobs[resets[-1] + 1 :] if resets else jobs
        counts = [job["rowsSynced"] or 0 for job in since if job["jobType"] == "sync"]
        sink = self.user.control(f"/sink/{self.ids[name]}")["streams"]
        landed = sink[0]["rows"] if sink else 0
        match MODES[name]:
            case "full_refresh_overwrite":
                assert landed == next((count for count in reversed(counts) if count), 0)
            case "incremental_deduped_history":
                assert (0 < landed <= sum(counts)) if sum(counts) else landed == 0
            case _:
                assert landed == sum(counts)


@contextmanager
def operations(folder: Path) -> Generator[type[Operations]]:
    """The operations on a sandbox with witnesses in its database."""
    started = SandboxSettings(data_dir=folder, token_seconds=10**9, time_factor=0)
    with (
        start_in_thread(started) as sandbox,
        closing(SandboxUser(sandbox.address)) as guest,
        closing(sqlite3.connect(folder / "sandbox.sqlite", timeout=30)) as opened,
    ):
        opened.executescript(WITNESSES)

        class Here(Operations):
            user = guest
            database = opened

        yield Here


def checked(machine: type[Operations], examples: int, *, same_every_time: bool) -> int:
    """Run so many sequences of 50 steps; the answer is how many steps were taken."""
    profile = settings(
        max_examples=examples,
        stateful_step_count=50,
        derandomize=same_every_time,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=profile)
    return machine.steps


def test_some_hundred_random_steps_break_no_promise(tmp_path: Path) -> None:
    with operations(tmp_path) as machine:
        assert checked(machine, 8, same_every_time=True) >= 300


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_twenty_thousand_random_steps_break_no_promise(tmp_path: Path) -> None:
    with operations(tmp_path) as machine:
        while machine.steps < 20_000:
            checked(machine, 20, same_every_time=False)
