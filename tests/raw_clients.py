"""MCP over HTTP with next to nothing in between: many clients in one process, for figures and for long runs.

The SDK's client costs more than a server's answer takes, and hides what is on the wire. This one sends a
request over a connection of its own and hands back the message that came, whatever its id.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

MODERN, LEGACY = "2026-07-28", "2025-11-25"
_ME = {"name": "raw", "version": "1"}
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
LONGEST_LINE = 8 * 1024 * 1024


@dataclass(frozen=True)
class Heard:
    """What one request got: the HTTP status, and the JSON-RPC message that ended it, empty where none came."""

    status: int
    message: dict[str, Any]
    headers: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])

    @property
    def result(self) -> dict[str, Any]:
        """The result.

        Raises:
            AssertionError: It was an error, or nothing.
        """
        assert "result" in self.message, self
        result: dict[str, Any] = self.message["result"]
        return result


@dataclass
class RawClient:
    """One client on one connection; it asks one thing at a time.

    Attributes:
        url: The server's address.
        token: Shown with every request.
        version: The protocol that it speaks: MODERN, or LEGACY with a session.
        capabilities: What it says of itself.
    """

    url: str
    token: str
    version: str = MODERN
    capabilities: dict[str, Any] = field(default_factory=dict[str, Any])
    session: str | None = None
    last_id: int = 0
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    @classmethod
    async def connected(
        cls, url: str, token: str, version: str = MODERN, capabilities: dict[str, Any] | None = None
    ) -> Self:
        """A client that has a connection and, if it is a legacy one, a session."""
        client = cls(url, token, version, capabilities or {})
        await client.open()
        return client

    async def open(self) -> None:
        """Connect, and in the legacy era open a session."""
        parts = urlsplit(self.url)
        self._reader, self._writer = await asyncio.open_connection(
            parts.hostname, parts.port, limit=LONGEST_LINE
        )
        if self.version != MODERN and self.session is None:
            await self.begin_session()

    async def begin_session(self) -> None:
        """Open a session; one that was open stays so at the server."""
        self.session = None
        params = {"protocolVersion": self.version, "capabilities": self.capabilities, "clientInfo": _ME}
        heard = await self.ask("initialize", params)
        assert "result" in heard.message, heard
        self.session = heard.headers["mcp-session-id"]
        told = await self._exchange({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert told.status == 202, told

    async def end_session(self) -> None:
        """Tell the server that this session is over."""
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(self._head("DELETE", [f"MCP-Protocol-Version: {self.version}"], 0))
        told = await _heard(self._reader)
        assert told.status == 200, told
        self.session = None

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Heard:
        """Send a request with an id of its own and wait for the message that ends it."""
        self.last_id += 1
        whole = dict(params or {})
        if self.version == MODERN:
            whole["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": _ME,
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            }
        return await self._exchange({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": whole})

    async def call(self, tool: str, **arguments: Any) -> Heard:
        """Call a tool."""
        return await self.ask("tools/call", {"name": tool, "arguments": arguments})

    async def call_and_leave(self, tool: str, **arguments: Any) -> None:
        """Call a tool and hang up without its answer; a legacy client also says that it cancels."""
        assert self._writer is not None
        asked = asyncio.ensure_future(self.call(tool, **arguments))
        await asyncio.sleep(0)
        await self._writer.drain()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await self.close()
        await self.open()
        if self.version != MODERN:
            params = {"requestId": self.last_id, "reason": "left"}
            told = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
            await self._exchange(told)

    async def close(self) -> None:
        """Hang up at once; what was asked gets no answer."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._reader = self._writer = None

    async def _exchange(self, message: dict[str, Any]) -> Heard:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(self._request(message))
        return await _heard(self._reader)

    def _request(self, message: dict[str, Any]) -> bytes:
        """One POST as it goes over the wire."""
        body = json.dumps(message, separators=(",", ":")).encode()
        method = message["method"]
        lines = [] if method == "initialize" else [f"MCP-Protocol-Version: {self.version}"]
        if self.version == MODERN:
            lines.append(f"Mcp-Method: {method}")
            if method in _NAMED_BY:
                lines.append(f"Mcp-Name: {message['params'][_NAMED_BY[method]]}")
        return self._head("POST", lines, len(body)) + body

    def _head(self, verb: str, lines: list[str], length: int) -> bytes:
        parts = urlsplit(self.url)
        usual = [
            f"{verb} {parts.path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Content-Type: application/json",
            "Accept: application/json, text/event-stream",
            f"Authorization: Bearer {self.token}",
            f"Content-Length: {length}",
            *([f"Mcp-Session-Id: {self.session}"] if self.session else []),
        ]
        return "\r\n".join([*usual, *lines, "", ""]).encode()


async def _heard(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = b"" if "transfer-encoding" not in headers else await _chunks(reader)
    return Heard(int(head[0].split()[1]), _message(body), headers)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return bytes(body)


def _message(body: bytes) -> dict[str, Any]:
    """The one answer in an event stream, or the body as it is; {} for none."""
    if not body:
        return {}
    lines = [body] if body.startswith(b"{") else body.splitlines()
    messages = [json.loads(line.removeprefix(b"data: ")) for line in lines if line.endswith(b"}")]
    answers: list[dict[str, Any]] = [m for m in messages if "result" in m or "error" in m]
    assert len(answers) <= 1, answers
    return answers[0] if answers else {}
