"""A bucket for each person: a minute's worth at once, then evenly."""

from dataclasses import dataclass

import pytest

from airbyte_mcp_server.access.rates import Rate

pytestmark = pytest.mark.ci


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_minutes_worth_may_come_at_once_and_then_evenly() -> None:
    clock = Clock()
    rate = Rate(6, clock)

    assert [await rate.take("ann") for _ in range(6)] == [0.0] * 6
    assert await rate.take("ann") == pytest.approx(10.0)
    clock.now = 9.0
    assert await rate.take("ann") == pytest.approx(1.0)
    clock.now = 10.1
    assert await rate.take("ann") == 0.0
    assert await rate.take("ann") == pytest.approx(9.9)


async def test_one_person_does_not_use_up_what_is_anothers() -> None:
    rate = Rate(1, Clock())

    assert await rate.take("ann") == 0.0
    assert await rate.take("ann") > 0
    assert await rate.take("bob") == 0.0


async def test_waiting_longer_than_a_minute_gives_no_more_than_a_minutes_worth() -> None:
    clock = Clock()
    rate = Rate(2, clock)
    await rate.take("ann")
    clock.now = 3_600.0

    assert [bool(await rate.take("ann")) for _ in range(3)] == [False, False, True]


async def test_who_used_their_share_is_not_forgotten_among_many_others() -> None:
    clock = Clock()
    rate = Rate(1, clock)
    await rate.take("ann")
    for number in range(5_000):
        clock.now += 0.01
        await rate.take(f"person {number}")

    assert await rate.take("ann") > 0


async def test_nought_is_no_limit() -> None:
    rate = Rate(0, Clock())

    assert {await rate.take("ann") for _ in range(10_000)} == {0.0}
