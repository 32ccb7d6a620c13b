"""What a server remembers of the plans that it told the webhook of, however long it runs."""

from collections.abc import Sized
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from airbyte_guardrails.life import Limits
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.store import Store
from airbyte_mcp_server.reaching.announcing import Announcing
from airbyte_mcp_server.reaching.watched_book import Move, WatchedBook
from airbyte_mcp_server.settings.model import Settings
from plan_books import WITHIN, Clock, draft, proposed
from webhook_receiver import webhook_receiver


def remembered(announcing: Announcing) -> int:
    waiting: Sized = vars(announcing)["_waiting"]
    return len(waiting)


def test_plans_that_moved_or_ran_out_are_not_remembered(tmp_path: Path) -> None:
    clock, store = Clock(), Store(tmp_path / "data" / "plans.sqlite")
    book = WatchedBook(store, Policy(), now=clock, limits=Limits(), moved=lambda move: None)
    with webhook_receiver() as receiver:
        announcing = Announcing(Settings.model_validate({}), SecretStr(receiver.url))
        for number in range(5):
            announcing.waits(proposed(book, draft(connection=f"c{number}")), book)
        waiting = remembered(announcing)
        announcing.moved(Move(plan=proposed(book, draft(connection="c0"))), book)
        after_a_move = remembered(announcing)
        clock.now += WITHIN + timedelta(seconds=1)
        announcing.waits(proposed(book), book)
        after_the_time = remembered(announcing)
        announcing.close()
    store.close()

    assert (waiting, after_a_move, after_the_time) == (5, 4, 1)
