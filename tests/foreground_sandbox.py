"""A sandbox in a process of its own, which can be killed."""

import json
import subprocess
import sys
from pathlib import Path

from airbyte_sandbox import SandboxAddress

_SERVE = """
import json, sys
from pathlib import Path
from airbyte_sandbox import SandboxSettings, serve
def ready(address):
    print(json.dumps([address.url, address.client_id, address.client_secret]), flush=True)
serve(SandboxSettings(data_dir=Path(sys.argv[1])), ready)
print("ended", flush=True)
"""


class Foreground:
    """A sandbox that answers as soon as this is made, and keeps everything in a folder."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", _SERVE, str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.output = self.process.stdout
        self.address = SandboxAddress(*json.loads(self.output.readline()))

    def end(self, number: int) -> str:
        """Send the signal, and give what it wrote until its end."""
        self.process.send_signal(number)
        rest = self.output.read()
        self.process.wait(20)
        self.output.close()
        return rest
