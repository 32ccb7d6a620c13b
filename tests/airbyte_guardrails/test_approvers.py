"""Who may approve on the page, and what the store keeps of them; on each kind of store."""

from collections.abc import Generator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from airbyte_guardrails.approvers import Approvers
from airbyte_guardrails.errors import ApproverError, SignInRefusedError, TooManySignInsError
from airbyte_guardrails.sign_ins import SignInLimits, SignIns
from airbyte_guardrails.store import Store
from plan_books import Clock

PASSWORD = "planted password of ann"
HOME = "192.0.2.1"


@pytest.fixture
def store(address: Path | str) -> Generator[Store]:
    with closing(Store(address)) as store:
        yield store


@pytest.fixture
def people(store: Store, clock: Clock) -> Approvers:
    return Approvers(store, clock)


def sign_ins(store: Store, clock: Clock) -> SignIns:
    """Signing in with little patience, as another process would offer it."""
    return SignIns(store, clock, SignInLimits(per_name=2, per_address=3))


def test_a_name_is_the_same_in_any_case_and_given_once(people: Approvers) -> None:
    people.add(" Ann@Example.com", PASSWORD)

    assert [one.name for one in people.all()] == ["ann@example.com"]
    with pytest.raises(ApproverError, match="There is, or was, an approver ann@"):
        people.add("ANN@example.com", PASSWORD)


@pytest.mark.parametrize(
    "name", ["", "-ann", "ann smith", "änn", "a" * 65, "a\nnn", "ann\u202e", "policy:rule"]
)
def test_what_is_no_name_is_refused(people: Approvers, name: str) -> None:
    with pytest.raises(ApproverError, match="begins with a letter"):
        people.add(name, PASSWORD)


def test_a_short_password_is_refused(people: Approvers) -> None:
    with pytest.raises(ApproverError, match="12 characters"):
        people.add("ann", "a" * 11)

    assert people.all() == []


def test_a_removed_name_is_kept_and_comes_back_with_a_new_password(
    people: Approvers, store: Store, clock: Clock
) -> None:
    people.add("ann", PASSWORD)
    people.remove("ann")
    with pytest.raises(ApproverError, match="There is, or was"):
        people.add("ann", "password of another ann")
    with pytest.raises(SignInRefusedError):
        sign_ins(store, clock).sign_in("ann", PASSWORD, HOME)

    assert [one.removed for one in people.all()] == [True]
    people.reset("ann", "another password of ann")
    assert sign_ins(store, clock).sign_in("ann", "another password of ann", HOME).session.approver == "ann"


def test_nobody_is_removed_or_reset_by_a_name_that_nobody_has(people: Approvers) -> None:
    with pytest.raises(ApproverError, match="There is no approver ben"):
        people.remove("ben")
    with pytest.raises(ApproverError, match="There is no approver ben"):
        people.reset("ben", PASSWORD)


def test_a_password_is_the_same_however_its_characters_are_composed(
    people: Approvers, store: Store, clock: Clock
) -> None:
    people.add("ann", "pässwörd of ann")

    assert sign_ins(store, clock).sign_in("Ann", "pa\u0308sswo\u0308rd of ann", HOME).secret


def test_guesses_are_counted_for_all_processes_on_the_store(
    people: Approvers, store: Store, clock: Clock, address: Path | str
) -> None:
    people.add("ann", PASSWORD)
    with closing(Store(address)) as other:
        for process in (store, other):
            with pytest.raises(SignInRefusedError):
                sign_ins(process, clock).sign_in("ann", "a wrong guess", HOME)
        with pytest.raises(TooManySignInsError):
            sign_ins(store, clock).sign_in("ANN ", PASSWORD, "192.0.2.2")
        clock.now += timedelta(minutes=16)

        assert sign_ins(other, clock).sign_in("ann", PASSWORD, HOME).session.approver == "ann"


def test_a_session_opens_with_its_own_secret_only(people: Approvers, store: Store, clock: Clock) -> None:
    people.add("ann", PASSWORD)
    signed_in = sign_ins(store, clock).sign_in("ann", PASSWORD, HOME)

    assert sign_ins(store, clock).session(signed_in.secret, seen=True) == signed_in.session
    assert sign_ins(store, clock).session(signed_in.session.csrf, seen=True) is None
    assert sign_ins(store, clock).session("", seen=True) is None
    sign_ins(store, clock).sign_out(signed_in.secret)
    assert sign_ins(store, clock).session(signed_in.secret, seen=True) is None
