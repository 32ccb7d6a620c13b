"""So many calls in a minute for each person, whichever process asks PostgreSQL for one."""

import threading
import time
from contextlib import closing

import psycopg
import pytest

from airbyte_guardrails.allowances import Allowance
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.store import Store
from plan_books import closed_later
from postgres_server import PostgresServer
from raw_store import raw_rows

pytestmark = pytest.mark.ci


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.fresh_database()


def allowance(address: str, per_minute: int, kind: str = "calls") -> Allowance:
    """As another process would count."""
    return Allowance(closed_later(Store(address)), kind, per_minute)


def let_pass(address: str, seconds: float) -> None:
    """What this much time does to everybody."""
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE allowances SET paid_at = paid_at - %s", [seconds])


def waits_for_a_row(connection: "psycopg.Connection") -> bool:
    """Until somebody waits for what this connection has changed."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        found = connection.execute(query).fetchone()
        if found is not None and found[0]:
            return True
    return False


def test_a_minutes_worth_may_come_at_once_and_then_evenly(address: str) -> None:
    six = allowance(address, 6)

    assert [six.take("ann") for _ in range(6)] == [0.0] * 6
    assert six.take("ann") == pytest.approx(10, abs=2)
    let_pass(address, 10)
    assert six.take("ann") == 0.0
    assert six.take("ann") > 0


def test_processes_count_together_and_a_refused_call_takes_nothing(address: str) -> None:
    first, second, third = (allowance(address, 3) for _ in range(3))

    assert [one.take("ann") for one in (first, second, third)] == [0.0] * 3
    for _ in range(10):
        assert 0 < second.take("ann") <= 20
    let_pass(address, 20)
    assert third.take("ann") == 0.0


def test_persons_and_kinds_are_counted_apart(address: str) -> None:
    calls, changes = allowance(address, 1), allowance(address, 1, "changes")

    assert [calls.take("ann"), calls.take("bob"), changes.take("ann")] == [0.0] * 3
    assert calls.take("ann") > 0


def test_fifty_at_once_from_three_processes_get_no_more_than_there_are(address: str) -> None:
    counting = [allowance(address, 10) for _ in range(3)]
    let_through: list[float] = []

    def take(number: int) -> None:
        let_through.append(counting[number % 3].take("ann"))

    threads = [threading.Thread(target=take, args=[number]) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(let_through) == 50
    assert let_through.count(0.0) == 10


def test_waiting_longer_than_a_minute_gives_no_more_than_a_minutes_worth(address: str) -> None:
    two = allowance(address, 2)
    two.take("ann")
    let_pass(address, 3_600)

    assert [bool(two.take("ann")) for _ in range(3)] == [False, False, True]


def test_whoever_has_paid_for_everything_is_forgotten_and_nobody_else(address: str) -> None:
    allowance(address, 10).take("long ago")
    let_pass(address, 60)
    allowance(address, 10).take("now")

    assert raw_rows(address, "SELECT person FROM allowances") == [("now",)]


def test_who_counts_waits_for_no_change(address: str) -> None:
    ten, holder = allowance(address, 10), Store(address)
    with closing(holder), holder.writing():
        assert ten.take("ann") == 0.0


def test_a_store_that_is_away_is_said_to_be(postgres: PostgresServer) -> None:
    nowhere = allowance(postgres.address("nowhere"), 10)
    with pytest.raises(StoreUnavailableError):
        nowhere.take("ann")


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_whatever_isolation_the_server_prefers_nobody_is_an_error(
    address: str, postgres: PostgresServer, isolation: str
) -> None:
    name = address.rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
    ten = allowance(address, 10)
    taken = [ten.take("ann")]
    with psycopg.connect(address) as other:
        other.execute("UPDATE allowances SET paid_at = paid_at - 1")
        waiting = threading.Thread(target=lambda: taken.append(ten.take("ann")))
        waiting.start()
        assert waits_for_a_row(other)
        other.commit()
        waiting.join(10)

    assert taken == [0.0, 0.0]
