"""Plans move only as the table allows, once each, whoever tries at the same time."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from pydantic import BaseModel

from airbyte_guardrails.errors import (
    CoolingDownError,
    EvidenceTooWeakError,
    GuardrailError,
    PlanExpiredError,
    PlanNotFoundError,
    PlanNotPendingError,
    RefusedByPolicyError,
    StoreUnavailableError,
    TooManyPendingError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import Limits, PlanBook
from airbyte_guardrails.plans import Change, Instance, Plan, PlanDraft, Risk, Target, TargetOutcome
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.states import FOLLOWERS, PlanState, leads_to
from airbyte_guardrails.store import Store

HERE = Instance(name="default", address="http://airbyte.test/api/public/v1")
WITHIN = timedelta(minutes=10)


class Wish(BaseModel):
    """The arguments of a tool that exists only here."""

    connection: str = "c1"
    hours: int = 6


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "plans.sqlite"


def book_on(file: Path, clock: Callable[[], datetime], policy: Policy | None = None) -> PlanBook:
    """A plan book on a file, as another process would open it."""
    return PlanBook(Store(file), policy or Policy(), now=clock, limits=Limits())


@pytest.fixture
def book(file: Path, clock: Clock) -> PlanBook:
    return book_on(file, clock)


def draft(old: str = "manual", hours: int = 6, connection: str = "c1") -> PlanDraft[Wish]:
    """A schedule change from `old` to every so many hours."""
    return PlanDraft(
        arguments=Wish(connection=connection, hours=hours),
        summary="Change the schedule of 1 connection",
        targets=(
            Target(
                kind="connection",
                id=connection,
                name="Orders",
                changes=(Change(field="schedule", before=old, after=f"every {hours} hours"),),
            ),
        ),
        risk=Risk.LOW,
        covered={connection: {"old": old, "new": hours}},
    )


def proposed(book: PlanBook, wish: PlanDraft[Wish] | None = None, requester: str = "ann") -> Plan:
    return book.propose("update_schedule", HERE, requester, wish or draft())


def approved(book: PlanBook) -> Plan:
    plan = proposed(book)
    return book.decide(plan.id, Decision.APPROVE, Evidence.ELICITED, "ann")


def done(state: PlanState = PlanState.EXECUTED) -> tuple[TargetOutcome, ...]:
    return (TargetOutcome(target_id="c1", status=state, message="done"),)


def test_a_plan_goes_from_wish_to_deed(book: PlanBook) -> None:
    plan = approved(book)
    begun = book.begin(plan.id, plan.digest)
    ended = book.finish(plan.id, done())

    assert plan.state is PlanState.APPROVED
    assert begun.id == plan.id
    assert (ended.state, ended.outcomes) == (PlanState.EXECUTED, done())
    assert book.pending() == []


def test_ids_cannot_be_guessed(book: PlanBook) -> None:
    ids = {proposed(book, draft(connection=f"c{i}"), requester=f"r{i}").id for i in range(50)}

    assert len(ids) == 50
    assert all(len(identity) >= 24 for identity in ids)


def test_no_move_outside_the_table_is_possible() -> None:
    for before, after in product(PlanState, PlanState):
        assert (before in leads_to(after)) is (after in FOLLOWERS[before])
    assert all(PlanState.EXECUTING not in FOLLOWERS[s] for s in PlanState if s is not PlanState.APPROVED)
    assert all(state not in FOLLOWERS[state] for state in PlanState)


def test_a_plan_that_nobody_approved_cannot_begin(book: PlanBook) -> None:
    plan = proposed(book)
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, plan.digest)


def test_one_no_is_final(book: PlanBook) -> None:
    plan = proposed(book)
    book.decide(plan.id, Decision.DENY, Evidence.ELICITED, "ann", "not now")
    with pytest.raises(PlanNotPendingError):
        book.decide(plan.id, Decision.APPROVE, Evidence.OUT_OF_BAND, "boss")

    assert book.get(plan.id).state is PlanState.DENIED
    assert book.get(plan.id).closing_note == "not now"


def test_after_a_no_nobody_is_asked_the_same_again_for_a_while(book: PlanBook, clock: Clock) -> None:
    refused = proposed(book)
    book.decide(refused.id, Decision.DENY, Evidence.ELICITED, "ann")
    for requester in ("ann", "bob"):
        with pytest.raises(CoolingDownError, match="not asked again for another 600 seconds"):
            proposed(book, requester=requester)
    other_target = proposed(book, draft(connection="c2"))
    clock.now += timedelta(minutes=12)
    later = proposed(book)

    assert other_target.warnings == ()
    assert later.warnings == ("A person refused this 12 minutes before this question was made.",)


def test_an_approver_can_lift_the_cool_down_once(book: PlanBook) -> None:
    refused = proposed(book)
    with pytest.raises(PlanNotPendingError):
        book.lift(refused.id, "boss")
    book.decide(refused.id, Decision.DENY, Evidence.ELICITED, "ann")
    book.lift(refused.id, "boss")
    with pytest.raises(PlanNotPendingError):
        book.lift(refused.id, "boss")

    assert proposed(book).warnings == ("A person refused this 1 minute before this question was made.",)


def test_silence_is_a_no_but_not_a_refusal(book: PlanBook, clock: Clock) -> None:
    proposed(book)
    clock.now += WITHIN

    assert proposed(book).warnings == ()


def test_one_requester_can_have_only_so_many_plans_waiting(book: PlanBook, clock: Clock) -> None:
    for number in range(20):
        proposed(book, draft(connection=f"c{number}"))
    with pytest.raises(TooManyPendingError):
        proposed(book, draft(connection="one more"))

    assert proposed(book, draft(connection="c3")).state is PlanState.PROPOSED, "the same wish is no new plan"
    assert proposed(book, draft(connection="one more"), requester="bob").state is PlanState.PROPOSED
    clock.now += WITHIN
    assert proposed(book, draft(connection="one more")).state is PlanState.PROPOSED


def test_a_yes_covers_only_the_digest_that_was_shown(book: PlanBook) -> None:
    plan = approved(book)
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, "0" * 64)

    assert book.get(plan.id).state is PlanState.APPROVED


def test_an_approval_works_once_however_many_try(book: PlanBook, file: Path, clock: Clock) -> None:
    plan = approved(book)
    others = [book_on(file, clock) for _ in range(4)]

    def begin(one: PlanBook) -> bool:
        try:
            one.begin(plan.id, plan.digest)
        except PlanNotPendingError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        got_through = list(threads.map(begin, others * 25))

    assert got_through.count(True) == 1


def test_both_clocks_run_out(book: PlanBook, clock: Clock) -> None:
    late = proposed(book)
    clock.now += WITHIN
    assert book.get(late.id).state is PlanState.EXPIRED
    with pytest.raises(PlanExpiredError):
        book.decide(late.id, Decision.APPROVE, Evidence.OUT_OF_BAND, "boss")

    unused = approved(book)
    clock.now += WITHIN
    with pytest.raises(PlanExpiredError):
        book.begin(unused.id, unused.digest)
    assert book.pending() == []


def test_the_same_wish_is_the_same_plan_until_its_meaning_moves(book: PlanBook) -> None:
    first, again = proposed(book), proposed(book)
    moved = proposed(book, draft(old="every 24 hours"))

    assert first.id == again.id != moved.id
    assert book.get(first.id).state is PlanState.SUPERSEDED


def test_other_people_have_other_plans(book: PlanBook) -> None:
    plan, other = proposed(book), proposed(book, requester="bob")

    assert plan.id != other.id
    with pytest.raises(PlanNotFoundError):
        book.get(plan.id, "bob")


@pytest.mark.parametrize(
    ("change", "same"),
    [({}, True), ({"old": "cron"}, False), ({"hours": 12}, False), ({"connection": "c2"}, False)],
    ids=str,
)
def test_the_digest_covers_the_meaning(book: PlanBook, change: dict[str, object], *, same: bool) -> None:
    plan = proposed(book)
    other = proposed(book, draft(**change), requester="bob")  # type: ignore[arg-type]  # one value of each kind

    assert (plan.digest == other.digest) is same


def test_weak_evidence_does_not_count_for_a_yes_but_does_for_a_no(file: Path, clock: Clock) -> None:
    book = book_on(file, clock, Policy(least_evidence=Evidence.OUT_OF_BAND))
    plan = proposed(book)
    with pytest.raises(EvidenceTooWeakError):
        book.decide(plan.id, Decision.APPROVE, Evidence.ELICITED, "ann")
    book.decide(plan.id, Decision.DENY, Evidence.ELICITED, "ann")

    assert book.get(plan.id).state is PlanState.DENIED


def test_evidence_is_ordered_strongest_first() -> None:
    assert Evidence.OUT_OF_BAND.is_at_least(Evidence.LOCAL_TERMINAL)
    assert Evidence.ELICITED.is_at_least(Evidence.ELICITED)
    assert not Evidence.LOCAL_TERMINAL.is_at_least(Evidence.ELICITED)


def test_policy_is_asked_again_when_the_plan_is_applied(book: PlanBook, file: Path, clock: Clock) -> None:
    plan = approved(book)
    tightened = book_on(file, clock, Policy(read_only=True))
    with pytest.raises(RefusedByPolicyError):
        tightened.propose("update_schedule", HERE, "ann", draft())
    with pytest.raises(RefusedByPolicyError):
        tightened.begin(plan.id, plan.digest)

    assert book.get(plan.id).state is PlanState.APPROVED


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([PlanState.EXECUTED, PlanState.EXECUTED], PlanState.EXECUTED),
        ([PlanState.EXECUTED, PlanState.FAILED], PlanState.FAILED),
        ([PlanState.FAILED, PlanState.OUTCOME_UNKNOWN], PlanState.OUTCOME_UNKNOWN),
    ],
    ids=str,
)
def test_a_plan_ends_as_its_worst_target(book: PlanBook, statuses: list[PlanState], state: PlanState) -> None:
    plan = approved(book)
    book.begin(plan.id, plan.digest)
    outcomes = tuple(TargetOutcome(target_id="c1", status=status, message=str(status)) for status in statuses)

    assert book.finish(plan.id, outcomes).state is state


def test_plans_outlive_the_process(book: PlanBook, file: Path, clock: Clock) -> None:
    plan = approved(book)

    assert book_on(file, clock).get(plan.id) == plan


def test_a_kill_at_any_moment_leaves_an_approval_unused_or_executing(file: Path, clock: Clock) -> None:
    book = book_on(file, clock)
    plan = approved(book)
    child = (
        "import os, signal, sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.life import Limits, PlanBook\n"
        "from airbyte_guardrails.policy import Policy\n"
        "from airbyte_guardrails.store import Store\n"
        "now = lambda: datetime(2026, 11, 23, 3, 0, tzinfo=UTC)\n"
        "book = PlanBook(Store(Path(sys.argv[1])), Policy(), now=now, limits=Limits())\n"
        "book.begin(sys.argv[2], sys.argv[3])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", child, str(file), plan.id, plan.digest], check=False)

    assert killed.returncode == -9
    assert book.get(plan.id).state is PlanState.EXECUTING
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, plan.digest)


def test_every_move_leaves_a_record_and_the_records_are_chained(book: PlanBook, file: Path) -> None:
    plan = approved(book)
    book.begin(plan.id, plan.digest)
    book.finish(plan.id, done())
    proposed(book, draft(connection="c2"))
    book.close_stale(proposed(book, draft(connection="c3")).id, ["it moved"])
    with sqlite3.connect(file) as raw:
        rows = raw.execute(
            "SELECT number, kind, previous_hash, hash FROM audit_records ORDER BY number"
        ).fetchall()
    raw.close()

    assert [kind for _, kind, _, _ in rows] == [
        "proposed",
        "decided",
        "intent",
        "outcome",
        "proposed",
        "proposed",
        "closed",
    ]
    assert [number for number, *_ in rows] == list(range(1, len(rows) + 1))
    assert [previous for _, _, previous, _ in rows[1:]] == [digest for *_, digest in rows[:-1]]


def test_a_store_that_is_locked_refuses_instead_of_going_on(
    book: PlanBook, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airbyte_guardrails.store.BUSY_TIMEOUT_MS", 1)
    plan = approved(book)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    fresh = book_on(file, Clock())
    with pytest.raises(StoreUnavailableError, match="nothing was sent"):
        fresh.begin(plan.id, plan.digest)
    other.close()

    assert book.get(plan.id).state is PlanState.APPROVED


def test_a_store_that_is_no_database_refuses(file: Path, clock: Clock) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(file, clock))


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(tmp_path / "taken" / "plans.sqlite", clock))


def test_every_refusal_says_what_to_do() -> None:
    assert issubclass(StoreUnavailableError, GuardrailError)
    error = PlanNotFoundError("plan_x")

    assert str(error) == f"{error.message} {error.next_step}"


def test_processes_that_open_a_new_store_at_once_all_get_it(file: Path) -> None:
    child = (
        "import sys\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.store import Store, plans\n"
        "from sqlalchemy import select\n"
        "store = Store(Path(sys.argv[1]))\n"
        "sys.stdin.readline()\n"
        "with store.reading() as connection:\n"
        "    assert connection.execute(select(plans)).all() == []\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", child, str(file)], stdin=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in processes:
        process.communicate("go\n")

    assert [process.returncode for process in processes] == [0] * 6


def test_evidence_that_policy_no_longer_accepts_does_not_apply_a_plan(
    book: PlanBook, file: Path, clock: Clock
) -> None:
    plan = proposed(book)
    book.decide(plan.id, Decision.APPROVE, Evidence.LOCAL_TERMINAL, "ann at a terminal")
    stricter = book_on(file, clock, Policy(least_evidence=Evidence.ELICITED))
    with pytest.raises(EvidenceTooWeakError):
        stricter.begin(plan.id, plan.digest)

    assert book.get(plan.id).state is PlanState.APPROVED
