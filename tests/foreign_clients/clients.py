"""The clients that nobody here wrote: what each needs, and on which ways it is tried."""

from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")
EVERY_TRANSPORT = ("stdio", "http", "sse")
FORM, PAGE = "a form in the client", "the approvals page"
OLD_SDK = "mcp==1.30.0"


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        name: What it is called where it is installed from.
        version: The version that is tried.
        program: The file in `programs` that steers it.
        decided: How a person decides on its changes: with both, it is tried with forms and without.
        requirements: What is installed beside it.
    """

    name: str
    version: str
    program: str
    decided: tuple[str, ...] = (FORM,)
    requirements: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """What installs it."""
        sign = "@" if self.is_typescript else "=="
        return f"{self.name}{sign}{self.version}"

    @property
    def is_typescript(self) -> bool:
        """Whether it runs on Node."""
        return self.program.endswith(".mjs")


CLIENTS = (
    Client("fastmcp", "4.1.2", "with_fastmcp.py"),
    Client("mcp", "1.30.0", "with_mcp_1.py"),
    Client("@modelcontextprotocol/sdk", "1.32.2", "typescript_1.mjs"),
    Client("@modelcontextprotocol/client", "2.4.0", "typescript_2.mjs"),
    Client("langchain-mcp-adapters", "0.3.2", "with_langchain.py", (FORM, PAGE), (OLD_SDK,)),
    Client("openai-agents", "0.24.0", "with_openai_agents.py", (PAGE,), (OLD_SDK,)),
    Client("pydantic-ai-slim[mcp]", "2.68.0", "with_pydantic_ai.py", (FORM, PAGE)),
)


@dataclass(frozen=True)
class Trial:
    """One client on one transport, with one way to decide."""

    client: Client
    transport: str
    decided: str

    def __str__(self) -> str:
        """The name of the test."""
        return f"{self.client.name} on {self.transport}, {self.decided}"


TRIALS = tuple(
    Trial(client, transport, decided)
    for client in CLIENTS
    for decided in client.decided
    for transport in EVERY_TRANSPORT
)
