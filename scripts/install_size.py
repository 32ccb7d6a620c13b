"""What an installation weighs: `python scripts/install_size.py`, with the Python it is installed for.

Counts every file of airbyte-mcp-server and of what it needs without extras,
compiled files too; not pip, and nothing that other distributions brought.
"""

import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LIMIT_MB = 100
NAME = "airbyte-mcp-server"


def main() -> int:
    """Print the heaviest ones and the sum; 1 if it is above the limit."""
    sizes = {name: _size(found) for name, found in _needed(NAME).items()}
    for name, size in sorted(sizes.items(), key=lambda pair: -pair[1])[:5]:
        print(f"{size / 1e6:6.1f} MB  {name}")
    total = sum(sizes.values()) / 1e6
    print(f"{total:6.1f} MB  {len(sizes)} distributions; the limit is {LIMIT_MB} MB")
    return 0 if total <= LIMIT_MB else 1


def _needed(name: str) -> dict[str, Distribution]:
    """A distribution and everything that it requires here, by name."""
    needed: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name)]
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name)
        # The same one may be wanted again with an extra.
        if (key, frozenset(wanted.extras)) in seen:
            continue
        seen.add((key, frozenset(wanted.extras)))
        found = needed.setdefault(key, distribution(key))
        requirements = map(Requirement, found.requires or [])
        waiting += [each for each in requirements if _applies(each, wanted.extras)]
    return needed


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _size(found: Distribution) -> int:
    """Bytes of its files that are there."""
    paths = [Path(str(file.locate())) for file in found.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
