"""The addresses of resources, and the reading tool that answers each.

Where there are several Airbytes, an address begins with the name of one:
`airbyte://prod/report`. Only a plan's is the same everywhere, because the plan
says which Airbyte it is for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from mcp_types import Resource, ResourceTemplate

from airbyte_mcp_server.icons import ICON
from airbyte_mcp_server.instances.argument import ARGUMENT, BY_PLAN

SCHEME = "airbyte://"
JSON = "application/json"
LONGEST = 2_000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One form of address.

    Attributes:
        name: Unique among kinds.
        address: With its variables in braces, if it has any; each is an argument of the tool.
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
    def variables(self) -> tuple[str, ...]:
        """The names of the variables in the address."""
        return tuple(re.findall(r"\{(\w+)\}", self.address))

    def below(self, instance: str) -> "Kind":
        """The same kind, with its address below that of one Airbyte, or of a variable for one."""
        return replace(self, address=f"{SCHEME}{instance}/{self.address.removeprefix(SCHEME)}")


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


class Addresses:
    """Every address of one server.

    Args:
        choices: The names among which a caller has to choose; empty where there is one Airbyte only.

    Attributes:
        resources: The addresses that need nothing filled in.
        templates: The addresses with something to fill in.
    """

    def __init__(self, choices: Sequence[str]) -> None:
        listed = [kind for told in KINDS for kind in _listed(told, choices)]
        self.resources = [_resource(kind) for kind in listed if not kind.variables]
        self.templates = [_template(kind) for kind in listed if kind.variables]
        self._forms = [(kind, _form(kind)) for kind in (_any(told, choices) for told in KINDS)]

    @property
    def forms(self) -> str:
        """What there is, in words."""
        return ", ".join([*(r.uri for r in self.resources), *(t.uri_template for t in self.templates)])

    def read(self, uri: str) -> Address | None:
        """What an address means; None if it is none of ours."""
        if len(uri) > LONGEST:
            return None
        for kind, form in self._forms:
            if found := form.fullmatch(uri):
                return Address(kind=kind, arguments=_arguments(kind, found))
        return None


def _any(kind: Kind, choices: Sequence[str]) -> Kind:
    """The kind with whatever its address needs to say which Airbyte is meant."""
    return kind.below(f"{{{ARGUMENT}}}") if choices and kind.tool not in BY_PLAN else kind


def _listed(kind: Kind, choices: Sequence[str]) -> Iterator[Kind]:
    """What has nothing else to fill in is listed for each Airbyte."""
    if kind.variables or not choices:
        yield _any(kind, choices)
        return
    for name in choices:
        told = kind.below(name)
        yield replace(told, name=f"{name}-{kind.name}", title=f"{kind.title} of {name}")


def _resource(kind: Kind) -> Resource:
    return Resource(
        name=kind.name,
        title=kind.title,
        uri=kind.address,
        description=kind.description,
        mime_type=JSON,
        icons=[ICON],
    )


def _template(kind: Kind) -> ResourceTemplate:
    return ResourceTemplate(
        name=kind.name,
        title=kind.title,
        uri_template=kind.address,
        description=kind.description,
        mime_type=JSON,
        icons=[ICON],
    )


def _form(kind: Kind) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "([^/?#]+)", re.escape(kind.address)))


def _arguments(kind: Kind, found: re.Match[str]) -> dict[str, str | int]:
    values = zip(kind.variables, found.groups(), strict=True)
    return {name: _value(name, unquote(text)) for name, text in values}


def _value(name: str, text: str) -> str | int:
    # A job's id is a number to its tool; what is none is refused there, by name.
    return int(text) if name == "job_id" and text.isdecimal() else text
