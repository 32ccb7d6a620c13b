"""A disk that is really full: a small file system of its own as root, else a limit on the size of files."""

import os
import resource
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = 1_000_000


@dataclass(frozen=True)
class SmallDisk:
    """A folder with little room; `fill` takes all of it, `empty` gives it back."""

    folder: Path
    is_mounted: bool

    def fill(self) -> None:
        """Leave not one byte."""
        if self.is_mounted:
            with (self.folder / "ballast").open("wb", buffering=0) as ballast:
                _fill(ballast.fileno())
        else:
            _limit_files_to(1)

    def empty(self) -> None:
        """Give the room back."""
        if self.is_mounted:
            (self.folder / "ballast").unlink()
        else:
            _limit_files_to(resource.RLIM_INFINITY)


@contextmanager
def small_disk(folder: Path, size: int = SIZE) -> Generator[SmallDisk]:
    """A disk of so many bytes, mounted at `folder` if this user may."""
    folder.mkdir()
    is_mounted = os.geteuid() == 0 and _mounted("-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder)
    disk = SmallDisk(folder, is_mounted)
    try:
        yield disk
    finally:
        if is_mounted:
            _unmount(folder)
        else:
            disk.empty()


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """The folder as a medium that nobody may write, root included; only root can arrange it."""
    assert _mounted("--bind", folder, folder)
    try:
        assert _mounted("-o", "remount,bind,ro", folder)
        yield
    finally:
        _unmount(folder)


def _mounted(*arguments: str | Path) -> bool:
    return subprocess.run(["/bin/mount", *arguments], check=False, capture_output=True).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def _fill(descriptor: int) -> None:
    try:
        while True:
            os.write(descriptor, b"\0" * 4_096)
    except OSError:
        return


def _limit_files_to(size: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
