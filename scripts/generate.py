"""Writes every generated file of the tree, or with --check says which are not fresh.

python scripts/generate.py            writes
python scripts/generate.py --check    exits 1 and names what is stale
"""

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from click import Option

import clients_table
import fault_table
import sandbox_table
import sync_client
from airbyte_mcp_server.changing.apply_plan import APPLY_PLAN
from airbyte_mcp_server.changing.model_confirmation import CONFIRMING_APPLY_PLAN
from airbyte_mcp_server.cli.serve import serve
from airbyte_mcp_server.settings.airbyte import AirbyteSettings
from airbyte_mcp_server.settings.model import SECRET_NAMES, SETTING_NAMES, Settings, variable_of
from airbyte_tools.catalogue import ALL_TOOLS, public_face
from airbyte_tools.tool import AnyTool

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "server/airbyte_mcp_server/catalogue.json"
CONFIRMING_CATALOGUE = ROOT / "server/airbyte_mcp_server/catalogue_confirming.json"
README = ROOT / "README.md"
SETTINGS = ROOT / "docs/settings.md"
CLIENTS = ROOT / "docs/clients.md"
TOOLS: tuple[AnyTool, ...] = (*ALL_TOOLS, APPLY_PLAN)


def generated() -> dict[Path, str]:
    """Every generated file with the content that it should have."""
    readme = between_markers(README.read_text(encoding="utf-8"), "tools", "\n".join(tool_table()))
    settings = between_markers(SETTINGS.read_text(encoding="utf-8"), "settings", "\n".join(settings_table()))
    clients = between_markers(CLIENTS.read_text(encoding="utf-8"), "clients", "\n".join(clients_table.rows()))
    return {
        CATALOGUE: catalogue(TOOLS),
        CONFIRMING_CATALOGUE: catalogue([CONFIRMING_APPLY_PLAN]),
        README: readme,
        SETTINGS: settings,
        CLIENTS: clients,
        **sync_client.generate(),
        **sandbox_table.generate(),
    }


def catalogue(tools: Iterable[AnyTool]) -> str:
    """Tools as `tools/list` tells them."""
    return json.dumps([public_face(tool) for tool in tools], indent=1, ensure_ascii=False) + "\n"


def tool_table() -> Iterator[str]:
    """The README's table of tools."""
    yield "| tool | what it does | changes Airbyte |"
    yield "|---|---|---|"
    for tool in TOOLS:
        changes = "no" if tool.hints.read_only else "after a person said yes"
        yield f"| `{tool.name}` | {tool.description} | {changes} |"


def settings_table() -> Iterator[str]:
    """The table of settings: flags from the command, meanings from the docstring, the rest from the model."""
    meanings = documented_attributes(AirbyteSettings) | documented_attributes(Settings)
    options = {option.name: option for option in serve.params if isinstance(option, Option)}
    schemas: dict[str, dict[str, Any]] = Settings.model_json_schema()["properties"]
    yield "| flag | variable | TOML key | default | meaning |"
    yield "|---|---|---|---|---|"
    for name, schema in ((name, schemas[name]) for name in SETTING_NAMES):
        forms = ("", "_file") if name in SECRET_NAMES else ("",)
        option = options[name + forms[-1]]
        variables = [variable_of(name) + form.upper() for form in forms]
        keys = [name + form for form in forms]
        cells = [code([*option.opts, *option.secondary_opts]), code(variables), code(keys)]
        yield f"| {' | '.join(cells)} | {default_of(schema)} | {meanings[name]}{limits_of(schema)} |"


def documented_attributes(model: type) -> dict[str, str]:
    """What the docstring's Attributes section says of each attribute; several may share a line."""
    lines = re.findall(r"^    ([a-z_, ]+): (.+)$", inspect.getdoc(model) or "", re.MULTILINE)
    return {name: meaning for names, meaning in lines for name in names.split(", ")}


def default_of(schema: dict[str, Any]) -> str:
    """A setting's default as TOML writes it."""
    return "none" if schema["default"] is None else f"`{json.dumps(schema['default'])}`"


def limits_of(schema: dict[str, Any]) -> str:
    """Which values a setting takes, where not any."""
    if "enum" in schema:
        return f" One of {', '.join(schema['enum'])}."
    return f" {schema['minimum']} to {schema['maximum']}." if "maximum" in schema else ""


def code(words: list[str]) -> str:
    """Words as code, separated by line breaks that a table cell may hold."""
    return "<br>".join(f"`{word}`" for word in words)


def between_markers(text: str, name: str, content: str) -> str:
    """`text` with what stands between the two markers called `name` replaced."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end of generated: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"The markers {begin} and {end} are missing.")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def main() -> None:
    """Write or check; the table of faults is only written here, since a test of its own checks it."""
    checking = "--check" in sys.argv[1:]
    files = generated() if checking else generated() | fault_table.generate()
    stale = {p: text for p, text in files.items() if not p.exists() or p.read_text(encoding="utf-8") != text}
    if checking:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"Not fresh: {names}. Run `make generate` and commit the result." if stale else 0)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
