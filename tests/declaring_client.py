"""A client that declares exactly the elicitation that a test says: bare JSON-RPC over stdio, in both eras.

The SDK's client declares form and URL mode together; real ones declare either, or neither.
"""

import itertools
import json
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness import COMMAND, Desk

MODERN = "2026-07-28"
LEGACY = "2025-11-25"


@dataclass
class DeclaringClient:
    """One conversation.

    Attributes:
        elicitation: The capability, such as `{"url": {}}`; None declares nothing.
        reply: What it answers to whatever it is asked.
        asked: The parameters of every question, in order.
    """

    process: "subprocess.Popen[str]"
    version: str
    elicitation: Mapping[str, object] | None
    reply: Mapping[str, object] = field(default_factory=lambda: {"action": "accept"})
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def greet(self) -> None:
        """The handshake, in the era that has one."""
        if self.version == LEGACY:
            who = {"name": "declaring", "version": "1"}
            capabilities = {} if self.elicitation is None else {"elicitation": self.elicitation}
            hello = {"protocolVersion": LEGACY, "capabilities": capabilities, "clientInfo": who}
            self._request("initialize", hello)
            self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Call a tool, answer what it asks, and return its last result."""
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        result = self._request("tools/call", params)
        while result.get("resultType") == "input_required":
            (key, question), *_ = result["inputRequests"].items()
            self.asked.append(question["params"])
            answers = {"inputResponses": {key: self.reply}, "requestState": result["requestState"]}
            result = self._request("tools/call", params | answers)
        return result

    def _request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        meta = {} if self.version == LEGACY else {"_meta": self._meta()}
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, **meta}})
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("method") == "elicitation/create":
                self.asked.append(message["params"])
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": self.reply})
            elif message.get("id") == number and "method" not in message:
                assert "result" in message, message
                answer: dict[str, Any] = message["result"]
                return answer
        raise AssertionError("the server has ended")

    def _meta(self) -> dict[str, Any]:
        return {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "declaring", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": (
                {} if self.elicitation is None else {"elicitation": self.elicitation}
            ),
        }

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()


@contextmanager
def declaring(
    desk: Desk,
    version: str,
    elicitation: Mapping[str, object] | None,
    settings: Mapping[str, str] | None = None,
) -> Generator[DeclaringClient]:
    """A client and its server."""
    with (
        (desk.folder / "stdio.log").open("a") as log,
        subprocess.Popen(
            [COMMAND],
            env=desk.environment | dict(settings or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        client = DeclaringClient(process, version, elicitation)
        client.greet()
        try:
            yield client
        finally:
            process.terminate()
