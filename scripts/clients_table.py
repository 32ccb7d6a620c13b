"""The table of docs/clients.md, from what the tests have seen of each client."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

from foreign_clients.clients import CLIENTS, EVERY_TRANSPORT, Client, Trial  # noqa: E402  the line above lets it be found
from foreign_clients.recorded import Result, recorded  # noqa: E402  as above


def rows() -> Iterator[str]:
    """The table, line by line."""
    yield "| client | version | stdio | HTTP | SSE | decides on a change |"
    yield "|---|---|---|---|---|---|"
    results = recorded()
    for client in CLIENTS:
        for decided in client.decided:
            cells = [_cell(results, client, decided, transport) for transport in EVERY_TRANSPORT]
            yield f"| `{client.name}` | {client.version} | {' | '.join(cells)} | {decided} |"


def _cell(results: Iterable[Result], client: Client, decided: str, transport: str) -> str:
    """The protocol that was spoken there; a trial that did not go well has left nothing."""
    trial = Trial(client, transport, decided)
    return next((result.protocol or "yes" for result in results if result.is_of(trial)), "no")
