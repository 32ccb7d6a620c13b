"""Tells the webhook, if there is one, of plans that wait and of what becomes of them."""

import logging
from datetime import datetime

from pydantic import JsonValue, SecretStr

from airbyte_guardrails.audit import Head
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.plans import Plan
from airbyte_mcp_server.reaching.watched_book import Move, WatchedBook
from airbyte_mcp_server.reaching.ways import page_link
from airbyte_mcp_server.reaching.webhook import Webhook
from airbyte_mcp_server.reaching.webhook_events import Event, generic, slack
from airbyte_mcp_server.settings.model import Settings

logger = logging.getLogger(__name__)

_SHAPES = {"generic": generic, "slack": slack}


class Announcing:
    """The webhook at `address`, shaped and signed as the settings say, and the plans that it was told of."""

    def __init__(self, settings: Settings, address: SecretStr) -> None:
        self._settings = settings
        secret = settings.webhook_secret
        self._webhook = Webhook(
            address.get_secret_value(),
            None if secret is None else secret.get_secret_value(),
            settings.ca_bundle,
        )
        self._waiting: dict[str, datetime] = {}

    def waits(self, plan: Plan, book: WatchedBook) -> None:
        """Tell that a plan waits for a person; the same plan asked for again is told once."""
        # A plan that nobody decides on ends without a move.
        self._waiting = {one: until for one, until in self._waiting.items() if until > plan.created_at}
        if plan.id not in self._waiting:
            self._told(Move(plan=plan), book)
            self._waiting[plan.id] = plan.approve_by

    def moved(self, move: Move, book: WatchedBook) -> None:
        """Tell where a plan stands now; it waits for nobody any more."""
        self._waiting.pop(move.plan.id, None)
        self._told(move, book)

    def _told(self, move: Move, book: WatchedBook) -> None:
        def content() -> dict[str, JsonValue]:
            event = Event(
                plan=move.plan,
                link=page_link(self._settings, move.plan.id),
                approver=move.approver,
                evidence=move.evidence,
                head=_head(book),
            )
            return _SHAPES[self._settings.webhook_format](event)

        self._webhook.send(content)

    def close(self) -> None:
        """Stop telling; blocks for two seconds at most."""
        self._webhook.close()


def _head(book: WatchedBook) -> Head | None:
    try:
        return book.head()
    except StoreUnavailableError as fault:
        logger.warning("The audit's head cannot be told: %s", fault)
        return None
