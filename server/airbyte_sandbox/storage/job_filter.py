"""Which jobs, and in which order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JobOrder:
    """How a list of jobs is sorted; Airbyte's default is the oldest first."""

    by_update: bool = False
    newest_first: bool = False

    @property
    def sql(self) -> str:
        """The ORDER BY clause; equal times are told apart by id."""
        column = "updated_at" if self.by_update else "created_at"
        direction = "DESC" if self.newest_first else "ASC"
        return f" ORDER BY jobs.{column} {direction}, jobs.id {direction}"


@dataclass(frozen=True)
class JobFilter:
    """Which jobs; None or empty means no restriction. Times are milliseconds, both ends included."""

    connection_id: str | None = None
    workspace_ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created_from: int | None = None
    created_to: int | None = None
    updated_from: int | None = None
    updated_to: int | None = None

    def conditions(self) -> tuple[str, list[str | int]]:
        """The WHERE clause and its values."""
        wanted: list[tuple[str, str | int | None]] = [
            ("connection_id = ?", self.connection_id),
            ("created_at >= ?", self.created_from),
            ("created_at <= ?", self.created_to),
            ("updated_at >= ?", self.updated_from),
            ("updated_at <= ?", self.updated_to),
        ]
        clauses = [clause for clause, value in wanted if value is not None]
        values = [value for _, value in wanted if value is not None]
        for column, allowed in (("type", self.types), ("status", self.statuses)):
            if allowed:
                clauses.append(f"{column} IN ({','.join('?' * len(allowed))})")
                values.extend(allowed)
        if self.workspace_ids:
            marks = ",".join("?" * len(self.workspace_ids))
            clauses.append(
                f"connection_id IN (SELECT id FROM connections WHERE workspace_id IN ({marks}))"  # noqa: S608 - marks only
            )
            values.extend(self.workspace_ids)
        return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), values
