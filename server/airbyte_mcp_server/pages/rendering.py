"""Templates to HTML: everything is escaped, and a name that a template does not get is an error."""

from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **values: object) -> str:
    """A template of this package as HTML.

    Raises:
        jinja2.UndefinedError: The template uses a value that was not given.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("airbyte_mcp_server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["machine_time"] = datetime.isoformat
    return environment


def _moment(moment: datetime) -> str:
    """A time as people read it, with its zone: "23 Nov 2026, 15:04:05 UTC"."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S %Z}"
