"""Writes every generated file of the tree, or with --check says which are not fresh.

python scripts/generate.py            writes
python scripts/generate.py --check    exits 1 and names what is stale
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import sync_client

from airbyte_mcp_server.apply_plan import APPLY_PLAN
from airbyte_tools.catalogue import ALL_TOOLS, public_face
from airbyte_tools.tool import AnyTool

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "server/airbyte_mcp_server/catalogue.json"
README = ROOT / "README.md"
TOOLS: tuple[AnyTool, ...] = (*ALL_TOOLS, APPLY_PLAN)


def generated() -> dict[Path, str]:
    """Every generated file with the content that it should have."""
    catalogue = json.dumps([public_face(tool) for tool in TOOLS], indent=1, ensure_ascii=False) + "\n"
    readme = between_markers(README.read_text(encoding="utf-8"), "tools", "\n".join(tool_table()))
    return {CATALOGUE: catalogue, README: readme, **sync_client.generate()}


def tool_table() -> Iterator[str]:
    """The README's table of tools."""
    yield "| tool | what it does | changes Airbyte |"
    yield "|---|---|---|"
    for tool in TOOLS:
        changes = "no" if tool.hints.read_only else "after a person said yes"
        yield f"| `{tool.name}` | {tool.description} | {changes} |"


def between_markers(text: str, name: str, content: str) -> str:
    """`text` with what stands between the two markers called `name` replaced."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end of generated: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"The markers {begin} and {end} are missing.")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def main() -> None:
    """Write or check."""
    stale = [p for p, text in generated().items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        names = ", ".join(str(p.relative_to(ROOT)) for p in stale)
        sys.exit(f"Not fresh: {names}. Run `make generate` and commit the result." if stale else 0)
    files = generated()
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
