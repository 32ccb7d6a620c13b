"""The addresses of resources, and the reading tool that answers each."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from mcp_types import Resource, ResourceTemplate

from airbyte_mcp_server.icons import ICON

JSON = "application/json"
LONGEST = 2_000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One form of address.

    Attributes:
        name: Unique among kinds.
        address: With its one variable in braces, if it has one; the variable is the tool's argument.
        title: For people.
        description: What reading it gives.
        tool: The tool that answers it.
        watched: The fields of the answer whose change subscribers are told of; none for what is not watched.
    """

    name: str
    address: str
    title: str
    description: str
    tool: str
    watched: frozenset[str] = frozenset()

    @property
    def variable(self) -> str | None:
        """The name of the variable in the address."""
        found = re.search(r"\{(\w+)\}", self.address)
        return found.group(1) if found else None


@dataclass(frozen=True, kw_only=True)
class Address:
    """A concrete address: what kind it is, and the arguments for the kind's tool."""

    kind: Kind
    arguments: dict[str, str | int]


KINDS = (
    Kind(
        name="report",
        address="airbyte://report",
        title="Report on all syncs",
        description="What of the whole fleet needs a person, last 24 hours.",
        tool="sync_report",
    ),
    Kind(
        name="workspaces",
        address="airbyte://workspaces",
        title="Workspaces",
        description="Every workspace that the credentials see.",
        tool="list_workspaces",
    ),
    Kind(
        name="connections",
        address="airbyte://connections",
        title="Connections",
        description="The first page of connections.",
        tool="list_connections",
    ),
    Kind(
        name="workspace",
        address="airbyte://workspaces/{workspace}",
        title="A workspace's connections",
        description="Connections of one workspace, by its name or id.",
        tool="list_connections",
    ),
    Kind(
        name="connection",
        address="airbyte://connections/{connection}",
        title="A connection",
        description="Schedule, streams and last job of one connection, by its name or id.",
        tool="get_connection",
    ),
    Kind(
        name="status",
        address="airbyte://connections/{connection}/status",
        title="A connection's health",
        description="Whether one connection is well, and why not.",
        tool="check_sync_status",
        watched=frozenset({"condition", "streak", "jobs"}),
    ),
    Kind(
        name="job",
        address="airbyte://jobs/{job_id}",
        title="A job",
        description="One job, and why it failed.",
        tool="get_job",
        watched=frozenset({"job"}),
    ),
    Kind(
        name="plan",
        address="airbyte://plans/{plan_id}",
        title="A plan",
        description="A proposed change of yours, and what became of it.",
        tool="get_plan",
        watched=frozenset({"status"}),
    ),
)

RESOURCES = [
    Resource(
        name=k.name, title=k.title, uri=k.address, description=k.description, mime_type=JSON, icons=[ICON]
    )
    for k in KINDS
    if k.variable is None
]
TEMPLATES = [
    ResourceTemplate(
        name=k.name,
        title=k.title,
        uri_template=k.address,
        description=k.description,
        mime_type=JSON,
        icons=[ICON],
    )
    for k in KINDS
    if k.variable is not None
]

_FORMS = [(kind, re.compile(re.sub(r"\\{\w+\\}", "([^/?#]+)", re.escape(kind.address)))) for kind in KINDS]


def read_address(uri: str) -> Address | None:
    """What an address means; None if it is none of ours."""
    if len(uri) > LONGEST:
        return None
    for kind, form in _FORMS:
        if found := form.fullmatch(uri):
            return Address(kind=kind, arguments=_arguments(kind, found))
    return None


def _arguments(kind: Kind, found: re.Match[str]) -> dict[str, str | int]:
    if kind.variable is None:
        return {}
    value = unquote(found.group(1))
    # A job's id is a number to its tool; what is none is refused there, by name.
    return {kind.variable: int(value) if kind.variable == "job_id" and value.isdecimal() else value}
