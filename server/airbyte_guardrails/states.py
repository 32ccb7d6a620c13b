"""The life of a plan as a table: which state may follow which."""

from enum import StrEnum


class PlanState(StrEnum):
    """Where a plan stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    DENIED = "denied"
    EXPIRED = "expired"
    STALE = "stale"
    SUPERSEDED = "superseded"

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow this state."""
        return not FOLLOWERS[self]


FOLLOWERS: dict[PlanState, frozenset[PlanState]] = {
    PlanState.PROPOSED: frozenset(
        {PlanState.APPROVED, PlanState.DENIED, PlanState.EXPIRED, PlanState.STALE, PlanState.SUPERSEDED}
    ),
    PlanState.APPROVED: frozenset(
        {PlanState.EXECUTING, PlanState.DENIED, PlanState.EXPIRED, PlanState.STALE}
    ),
    PlanState.EXECUTING: frozenset({PlanState.EXECUTED, PlanState.FAILED, PlanState.OUTCOME_UNKNOWN}),
    PlanState.OUTCOME_UNKNOWN: frozenset(),
    PlanState.EXECUTED: frozenset(),
    PlanState.FAILED: frozenset(),
    PlanState.DENIED: frozenset(),
    PlanState.EXPIRED: frozenset(),
    PlanState.STALE: frozenset(),
    PlanState.SUPERSEDED: frozenset(),
}


def leads_to(state: PlanState) -> list[PlanState]:
    """The states from which a plan may move to `state`."""
    return [before for before, followers in FOLLOWERS.items() if state in followers]
