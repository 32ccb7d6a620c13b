"""Who may write and read a file on this machine."""

import os
import stat
from pathlib import Path


def may_write(path: Path) -> bool:
    """Whether whoever runs this, so perhaps an agent of theirs, can change a file or replace it."""
    return os.access(path, os.W_OK) or os.access(path.resolve().parent, os.W_OK)


def others_may_read(path: Path) -> bool:
    """Whether every user of this machine can read the file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
