"""A store in PostgreSQL: what its address may be, what its faults mean, and that it comes back."""

import os
import secrets
import shutil
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import closing

import psycopg
import pytest

from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.life import Limits, PlanBook
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import Clock, approved, book_on, close_books, draft, proposed
from postgres_server import PASSWORD, PostgresServer
from raw_store import raw_rows, run_raw
from small_disks import small_disk

WRONG_ADDRESSES = {
    "another database": f"mysql://mcp:{PASSWORD}@localhost/store",
    "a file as an address": "sqlite:///plans.sqlite",
    "a path": "/var/lib/plans.sqlite",
    "nothing": "",
    "an @ in the password": f"postgresql://mcp:{PASSWORD}@{PASSWORD}@localhost/store",
    "a / in the password": f"postgresql://mcp:{PASSWORD}/{PASSWORD}@localhost/store",
    "a bracket": f"postgresql://mcp:{PASSWORD}@[localhost/store",
    "a parameter that there is not": f"postgresql://mcp:{PASSWORD}@localhost/store?pasword={PASSWORD}",
    "a broken escape": f"postgresql://mcp:{PASSWORD}%zz@localhost/store",
}


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.fresh_database()


@pytest.fixture
def book(address: str, clock: Clock) -> PlanBook:
    return book_on(address, clock)


@pytest.fixture
def stoppable(postgres: PostgresServer) -> Generator[PostgresServer]:
    """The server, running again when the test is over."""
    yield postgres
    if not postgres.is_running():
        postgres.start()


def refused_by(store: Store) -> str:
    """All that is said or logged of a store that cannot be used; never with the password."""
    with closing(store), pytest.raises(StoreUnavailableError) as refused, store.writing():
        pass
    told = "".join(traceback.format_exception(refused.value))
    assert PASSWORD not in told
    return str(refused.value)


def write_while(address: str, statement: str, meanwhile: Callable[[int], object]) -> None:
    """Write in a transaction in which something happens before its commit; it is told the server's process."""
    store = Store(address)
    with closing(store), store.writing() as connection:
        connection.exec_driver_sql(statement)
        meanwhile(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


@pytest.mark.parametrize("address", WRONG_ADDRESSES.values(), ids=WRONG_ADDRESSES.keys())
def test_an_address_that_is_none_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(StoreUnavailableError, match="postgresql://user") as refused:
        with Store(address).reading():
            pass

    assert PASSWORD not in "".join(traceback.format_exception(refused.value))


def test_a_missing_driver_is_named_with_the_command_that_installs_it() -> None:
    child = (
        "import sys\n"
        "sys.modules['psycopg'] = None  # as where the extra is not installed\n"
        "from airbyte_guardrails.store import Store\n"
        "with Store('postgresql://localhost/x').reading(): pass\n"
    )
    ended = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "pip install 'airbyte-mcp-server[postgres]'" in ended.stderr


def test_a_server_that_is_not_there_is_refused_at_once() -> None:
    told = refused_by(Store(f"postgresql://mcp:{PASSWORD}@127.0.0.1:1/store"))

    assert "PostgreSQL 127.0.0.1/store cannot be used" in told
    assert "nothing is sent" in told


@pytest.mark.ci
def test_both_spellings_of_the_scheme_are_one(address: str) -> None:
    store = Store(address.replace("postgresql://", "postgres://"))
    with store.reading():
        pass
    store.close()

    assert raw_rows(address, "SELECT count(*) FROM plans") == [(0,)]


@pytest.mark.ci
@pytest.mark.parametrize("wrong", [{"password": f"{PASSWORD}x"}, {"database": "nowhere"}], ids=str)
def test_a_refused_connection_says_where_and_leaves_the_rest_to_the_log(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture, wrong: dict[str, str]
) -> None:
    told = refused_by(Store(postgres.address(**wrong)))

    assert "it does not answer" in told
    assert "AIRBYTE_MCP_STORE" in told
    assert "FATAL" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.ci
def test_a_missing_right_is_named(postgres: PostgresServer, address: str) -> None:
    postgres.run("DROP ROLE IF EXISTS stranger")
    postgres.run(f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'")

    assert "lacks a right" in refused_by(Store(postgres.address(address.rpartition("/")[2], user="stranger")))


@pytest.mark.ci
def test_a_database_that_cannot_hold_every_name_is_refused(postgres: PostgresServer) -> None:
    postgres.run("DROP DATABASE IF EXISTS western")
    postgres.run("CREATE DATABASE western ENCODING 'LATIN1' TEMPLATE template0")

    assert "LATIN1" in refused_by(Store(postgres.address("western")))


@pytest.mark.ci
def test_a_database_that_another_program_uses_is_left_as_it_is(address: str) -> None:
    run_raw(address, "CREATE TABLE plans (theirs text)", "INSERT INTO plans VALUES ('kept')")

    assert "tables of other programs" in refused_by(Store(address))
    assert raw_rows(address, "SELECT * FROM plans") == [("kept",)]
    assert raw_rows(
        address, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    ) == [(1,)]


@pytest.mark.ci
def test_a_store_can_share_a_database_in_a_schema_of_its_own(address: str, clock: Clock) -> None:
    run_raw(address, "CREATE TABLE plans (theirs text)", "CREATE SCHEMA ours")
    plan = proposed(book_on(f"{address}?options=-csearch_path%3Dours", clock))

    assert raw_rows(address, "SELECT id FROM ours.plans") == [(plan.id,)]


@pytest.mark.ci
def test_a_database_that_only_reads_is_refused(
    book: PlanBook, address: str, postgres: PostgresServer
) -> None:
    plan = approved(book)
    postgres.run(f"ALTER DATABASE {address.rpartition('/')[2]} SET default_transaction_read_only = on")
    replica = book_on(address, Clock())
    with pytest.raises(StoreUnavailableError, match="can only be read"):
        replica.begin(plan.id, plan.digest)

    assert replica.get(plan.id).state is PlanState.APPROVED


@pytest.mark.ci
def test_a_write_lock_that_is_not_given_back_is_waited_for_only_so_long(
    book: PlanBook, address: str, clock: Clock
) -> None:
    plan = approved(book)
    holder, store = Store(address), Store(address, lock_seconds=0.1)
    impatient = PlanBook(store, Policy(), now=clock, limits=Limits())
    with holder.writing(), pytest.raises(StoreUnavailableError, match="holds its lock"):
        impatient.begin(plan.id, plan.digest)
    assert impatient.begin(plan.id, plan.digest).id == plan.id
    for one in (holder, store):
        one.close()


@pytest.mark.ci
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_whatever_isolation_the_server_prefers_an_approval_works_once(
    address: str, postgres: PostgresServer, clock: Clock, isolation: str
) -> None:
    plan = approved(book_on(address, clock))
    name = address.rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    first, second = book_on(address, clock), book_on(address, clock)
    outcomes: list[str] = []

    def begin(book: PlanBook) -> None:
        try:
            book.begin(plan.id, plan.digest)
            outcomes.append("through")
        except Exception as refused:  # noqa: BLE001 - its name is what the assertion looks at
            outcomes.append(type(refused).__name__)

    threads = [threading.Thread(target=begin, args=[one]) for one in (first, second) * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == ["PlanNotPendingError"] * 9 + ["through"]


@pytest.mark.ci
def test_a_write_is_durable_whatever_the_server_prefers(address: str, postgres: PostgresServer) -> None:
    postgres.run(f"ALTER DATABASE {address.rpartition('/')[2]} SET synchronous_commit = off")
    store = Store(address)
    with store.writing() as connection:
        told = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    store.close()

    assert told == "on"


@pytest.mark.ci
def test_a_stopped_server_refuses_and_a_started_one_goes_on(
    stoppable: PostgresServer, book: PlanBook
) -> None:
    plan = approved(book)
    stoppable.stop()
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="nothing is sent"):
            book.begin(plan.id, plan.digest)
    stoppable.start()

    assert book.begin(plan.id, plan.digest).id == plan.id


@pytest.mark.ci
def test_a_restart_between_two_uses_is_not_noticed(stoppable: PostgresServer, book: PlanBook) -> None:
    plan = approved(book)
    stoppable.restart()

    assert book.begin(plan.id, plan.digest).id == plan.id


@pytest.mark.ci
def test_a_server_that_dies_in_the_middle_of_a_write_leaves_nothing_of_it(
    stoppable: PostgresServer, address: str, clock: Clock
) -> None:
    plan = approved(book_on(address, clock))
    with pytest.raises(StoreUnavailableError):
        write_while(address, "UPDATE plans SET state = 'executing'", lambda _: stoppable.restart())

    assert book_on(address, clock).get(plan.id).state is PlanState.APPROVED


@pytest.mark.ci
def test_a_connection_that_the_server_ends_in_the_middle_of_a_write_is_an_error(address: str) -> None:
    def end(process: int) -> None:
        run_raw(address, f"SELECT pg_terminate_backend({process}, 5000)")

    with pytest.raises(StoreUnavailableError):
        write_while(address, "INSERT INTO audit_head VALUES (1, 'x')", end)

    assert raw_rows(address, "SELECT count(*) FROM audit_head") == [(0,)]


@pytest.mark.ci
def test_no_wait_is_without_end(address: str) -> None:
    store = Store(address, lock_seconds=7)
    bounds = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    with closing(store), store.writing() as writing, store.reading() as reading:
        told = [
            [one.exec_driver_sql(f"SHOW {name}").scalar_one() for name in bounds]
            for one in (writing, reading)
        ]

    assert told == [["7s", "30s", "30s"]] * 2


@pytest.mark.ci
def test_a_frozen_replica_loses_the_write_lock_again(address: str, clock: Clock) -> None:
    other = book_on(address, clock)
    plans: list[Plan] = []
    freezing = "SET LOCAL idle_in_transaction_session_timeout = 500; INSERT INTO audit_head VALUES (1, 'x')"
    with pytest.raises(StoreUnavailableError):
        # The second write waits for the lock until the server ends the first, who sits on it.
        write_while(address, freezing, lambda _: plans.append(proposed(other)))

    assert [other.get(plan.id) for plan in plans] == plans
    assert len(plans) == 1


@pytest.mark.ci
def test_a_server_that_takes_too_long_is_refused(address: str) -> None:
    with pytest.raises(StoreUnavailableError, match="took too long"):
        write_while(address, "SET LOCAL statement_timeout = 100; SELECT pg_sleep(30)", lambda _: None)


@pytest.mark.ci
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk that is small enough to fill")
def test_a_full_disk_refuses_and_room_on_it_helps(postgres: PostgresServer, clock: Clock) -> None:
    with small_disk(postgres.folder / "small", size=40_000_000) as disk:
        shutil.chown(disk.folder, "nobody")
        postgres.run(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
        postgres.run("CREATE DATABASE cramped TABLESPACE small")
        book = book_on(postgres.address("cramped"), clock)
        plan = approved(book)
        disk.fill()
        with pytest.raises(StoreUnavailableError, match="its disk is full"):
            proposed(book, draft(connection=secrets.token_hex(500_000)))
        disk.empty()
        begun = book.begin(plan.id, plan.digest)
        close_books()
        postgres.run("DROP DATABASE cramped")
        postgres.run("DROP TABLESPACE small")

    assert begun.id == plan.id


@pytest.mark.ci
def test_more_calls_than_connections_take_turns(address: str, clock: Clock) -> None:
    book = book_on(address, clock)
    stored: list[str] = []

    def propose(number: int) -> None:
        stored.append(proposed(book, draft(connection=f"c{number}"), f"r{number}").id)

    threads = [threading.Thread(target=propose, args=[number]) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(set(stored)) == 60


@pytest.mark.ci
def test_only_one_connection_is_kept_where_one_is_enough(address: str, clock: Clock) -> None:
    approved(book_on(address, clock))
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'airbyte-mcp-server'"

    assert raw_rows(address, query) == [(1,)]


@pytest.mark.ci
def test_in_ci_postgresql_is_there(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.address()) as connection:
        assert connection.info.server_version >= 130_000
    assert os.geteuid() != 0 or postgres.folder.stat().st_uid != 0
