"""When the answer to a change is lost, nothing is repeated, and what is not known is said."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from harness import HEALTHY, Desk, Person, connected, data_of, text_of


@contextmanager
def losing_proxy(target: str, method: str, path: str) -> Generator[str]:
    """A proxy before Airbyte that hands every request on, and hangs up instead of answering one kind of them."""

    class Proxy(BaseHTTPRequestHandler):
        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {k: v for k, v in self.headers.items() if k.lower() in {"authorization", "content-type"}}
            answer = httpx.request(self.command, target + self.path, content=body, headers=kept, timeout=30)
            if self.command == method and path in self.path:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = _forward  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/public/v1"
        server.shutdown()
        thread.join()


async def test_a_lost_answer_to_a_trigger_is_unknown_and_never_sent_again(desk: Desk) -> None:
    trigger = {"connections": [HEALTHY]}
    with losing_proxy(desk.sandbox.url, "POST", "/public/v1/jobs") as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("trigger_sync", trigger)
            told = data_of(result)
            again = data_of(await client.call_tool("apply_plan", {"plan_id": told["plan_id"]}))

    (effect,) = desk.sandbox.effects()
    assert effect.status == 200
    assert told["status"] == again["status"] == "outcome_unknown"
    (started,) = desk.sandbox.get("/api/public/v1/jobs", orderBy="createdAt|DESC", limit=1)["data"]
    assert told["results"][0]["job_id"] == started["jobId"]
    assert "cannot be proven" in text_of(result)


async def test_a_lost_answer_to_a_schedule_change_is_unknown_and_never_sent_again(desk: Desk) -> None:
    change = {"connections": [HEALTHY], "every_hours": 6}
    with losing_proxy(desk.sandbox.url, "PATCH", "/connections/") as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("update_schedule", change)
            told = data_of(result)

    assert len(desk.sandbox.effects()) == 1
    assert told["status"] == "outcome_unknown"
    assert "not known" in text_of(result)
