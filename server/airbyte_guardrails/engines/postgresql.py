"""PostgreSQL: one database for several replicas.

Needs the extra `postgres`. The address means what it means to `psql`, because
libpq itself reads it: several hosts, sockets, services, TLS, password files.
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from airbyte_guardrails.engines import COUNTS, WRITES
from airbyte_guardrails.errors import StoreUnavailableError

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")

# The advisory lock that every writing transaction of a store takes first. Any number that nobody else uses.
WRITE_LOCK = 0x41_4D_43_50_01
CONNECTIONS = 5
STATEMENT_SECONDS = 30
COUNTING_SECONDS = 1

# A silent network is noticed by the keepalives; what the address itself says goes before all of this.
_CONNECTING = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "airbyte-mcp-server",
}

# By SQL state: what it means, and what helps. A connection that is not even made has none.
_MEANINGS = {
    "53100": ("its disk is full", "Make room on the database server, then ask again."),
    "55P03": (
        "somebody else holds its lock",
        "Try again in a moment; pg_locks on the server tells who has it.",
    ),
    "57014": ("it took too long to answer", "Try again; if it stays so, look at the load of the server."),
    "25006": ("it can only be read", "Name the primary server, not a replica (AIRBYTE_MCP_STORE)."),
    "42501": (
        "the user lacks a right there",
        "Let it create and use tables: GRANT CREATE, USAGE ON SCHEMA ...",
    ),
    "42P07": (
        "there are tables of other programs in it",
        "Give the store a database of its own, or a schema by ?options=-csearch_path%3DNAME.",
    ),
}
_OTHERWISE = (
    "it does not answer",
    "Check that the server runs and that AIRBYTE_MCP_STORE is right.",
)


class PostgresqlDatabase:
    """A PostgreSQL database.

    Raises:
        StoreUnavailableError: The address is of another kind.
    """

    def __init__(self, address: str, lock_seconds: float) -> None:
        if not address.startswith(SCHEMES):
            scheme = address.partition("://")[0][:20]
            raise StoreUnavailableError(
                f"The store's address begins with {scheme!r}; only PostgreSQL is known.",
                "Write postgresql://user@host/database, or leave it out for a file (AIRBYTE_MCP_STORE).",
            )
        self._address = address
        self._lock_ms = int(lock_seconds * 1_000)
        self._name = "PostgreSQL"

    @property
    def name(self) -> str:
        """Host and database, once the address was read."""
        return self._name

    def connect(self) -> Engine:
        """Read the address and prepare the pool; the first use connects.

        Raises:
            StoreUnavailableError: The driver is not installed, or the address cannot be read.
        """
        connecting = self._read_address()
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: _connection(connecting),
            pool_size=CONNECTIONS,
            pool_timeout=self._lock_ms / 1_000,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", _require_sound)
        return engine

    def refusal(self, fault: Exception) -> StoreUnavailableError:
        """What the fault means, by its SQL state."""
        original = fault.orig if isinstance(fault, DBAPIError) else None
        problem, next_step = _MEANINGS.get(getattr(original, "sqlstate", None) or "", _OTHERWISE)
        return StoreUnavailableError(
            f"The store of plans at {self._name} cannot be used: {problem};"
            " without it nothing is sent to Airbyte.",
            next_step,
        )

    def _read_address(self) -> str:
        try:
            from psycopg import ProgrammingError  # noqa: PLC0415 - an extra, needed for this database only
            from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 - as above
        except ImportError as fault:
            raise StoreUnavailableError(
                "The store is in PostgreSQL, but the driver for it is not installed.",
                "Install it: pip install 'airbyte-mcp-server[postgres]'.",
            ) from fault
        try:
            read = {name: str(value) for name, value in conninfo_to_dict(self._address).items()}
        except ProgrammingError:
            # libpq's own words quote the address, and with it the password.
            raise _unreadable() from None
        ports = read.get("port", "").split(",")
        if "@" in read.get("host", "") or not all(port.isdecimal() or not port for port in ports):
            raise _unreadable()
        self._name = f"PostgreSQL {read.get('host', 'localhost')}/{read.get('dbname', '')}"
        return make_conninfo(**(_CONNECTING | read))

    def _begin(self, connection: Connection) -> None:
        """Begin with bounded waits; a write takes the lock of the store before it looks at anything.

        `SET LOCAL`, so that it holds behind a connection pooler too. A write must see what was committed
        while it waited for the lock, and must be on disk when it is said to be; a read sees one moment.
        """
        options = connection.get_execution_options()
        seconds = COUNTING_SECONDS if options.get(COUNTS, False) else STATEMENT_SECONDS
        bounds = (
            f"SET LOCAL lock_timeout = {self._lock_ms};"
            f"SET LOCAL statement_timeout = '{seconds}s';"
            f"SET LOCAL idle_in_transaction_session_timeout = '{seconds}s';"
        )
        if options.get(COUNTS, False):
            connection.exec_driver_sql(
                f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED; {bounds} SET LOCAL synchronous_commit = off"
            )
        elif options.get(WRITES, False):
            connection.exec_driver_sql(
                f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED; {bounds} SET LOCAL synchronous_commit = on;"
                f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"
            )
        else:
            connection.exec_driver_sql(
                f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; {bounds}"
            )


def _connection(connecting: str) -> "psycopg.Connection":
    import psycopg  # noqa: PLC0415 - an extra, needed for this database only

    # Prepared statements outlive their transaction, which a connection pooler does not grant.
    connection = psycopg.connect(connecting, prepare_threshold=None)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, "UTF8"):
        connection.close()
        raise StoreUnavailableError(
            f"The store's database keeps text as {encoding}, which does not hold every name.",
            "Create one with ENCODING 'UTF8' TEMPLATE template0, and name it (AIRBYTE_MCP_STORE).",
        )
    return connection


def _require_sound(connection: Connection) -> None:
    """Refuse to commit after a failed statement: PostgreSQL would roll back and report success."""
    from psycopg.pq import TransactionStatus  # noqa: PLC0415 - an extra, needed for this database only

    driver: Any = connection.connection.driver_connection  # psycopg's; SQLAlchemy says no more of it
    if driver.info.transaction_status is not TransactionStatus.INTRANS:
        raise ConnectionError


def _unreadable() -> StoreUnavailableError:
    return StoreUnavailableError(
        "The store's address cannot be read as a PostgreSQL address.",
        "Write postgresql://user:password@host:5432/database, with @ : / ? # % in the password written as %40"
        " %3A %2F %3F %23 %25 (AIRBYTE_MCP_STORE).",
    )
