"""Python environments of their own, for what must not see the project's."""

import os
import subprocess
import sys
from pathlib import Path


def make_environment(folder: Path, *requirements: str) -> Path:
    """Make a virtual environment that holds these packages and what they need; its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    subprocess.run(command, check=True, timeout=300, env=_plain())
    return python


def run_python(python: Path, program: str, *arguments: str, **variables: str) -> str:
    """What a program prints there; its own words are shown where it fails."""
    done = subprocess.run(
        [str(python), "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**_plain(), **variables},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _plain() -> dict[str, str]:
    """The environment without anything that lets this project's packages in."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
