"""Generates the synchronous client, `airbyte_client/_sync`, from the asynchronous one, `_async`."""

import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import unasync

ROOM = Path(__file__).resolve().parent.parent / "server" / "airbyte_client"
HEADER = "# Generated from {source} by scripts/sync_client.py; change that file instead.\n"
NAMES = {
    "_async": "_sync",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "AsyncAirbyteClient": "AirbyteClient",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncClient": "Client",
}
RULES = "I,C416,UP028"
"""Sorted imports, and two loops that need their long form only where they are asynchronous."""


def generate() -> dict[Path, str]:
    """The synchronous files as they should be, by their path."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(
            ROOM / "_async", Path(folder) / "_async", ignore=shutil.ignore_patterns("__pycache__")
        )
        sources = sorted((Path(folder) / "_async").glob("*.py"))
        rule = unasync.Rule("/_async/", "/_sync/", NAMES)
        unasync.unasync_files([str(source) for source in sources], [rule])  # pyright: ignore[reportUnknownMemberType]  untyped
        twins = [Path(folder) / "_sync" / source.name for source in sources]
        return {ROOM / "_sync" / twin.name: _finish(twin) for twin in twins}


def _finish(twin: Path) -> str:
    """Names have changed their length and order: sort and format again."""
    text = HEADER.format(source=f"_async/{twin.name}") + twin.read_text(encoding="utf-8")
    name = str(ROOM / "_sync" / twin.name)
    text = _ruff(
        "check",
        "--select",
        RULES,
        "--fix",
        "--unsafe-fixes",
        "--quiet",
        "--stdin-filename",
        name,
        "-",
        text=text,
    )
    return _ruff("format", "--stdin-filename", name, "-", text=text)


def _ruff(*arguments: str, text: str) -> str:
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    command = [str(ruff), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)  # noqa: S603  our own
    return done.stdout


def main() -> None:
    """Write the files."""
    for path, text in generate().items():
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
