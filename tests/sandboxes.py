"""The sandbox as a running process, with a look at what reached it: its request log, its jobs, its sinks."""

import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from processes import clean_environment, line_matching, process_in_background

CLIENT_ID = "test-client"
CLIENT_SECRET = "planted-secret-of-the-sandbox"

HEALTHY = "Orders to warehouse"
FAILING = "CRM contacts to warehouse"
PAUSED = "Billing to warehouse"
SLOW = "Clickstream backfill"
AMBIGUOUS = "Product usage to warehouse"


@dataclass(frozen=True)
class LoggedRequest:
    """One line of the sandbox's request log."""

    method: str
    path: str
    body: Any
    status: int

    @property
    def is_effect(self) -> bool:
        """Whether it changes something: token fetches and the Config API's reads are POSTs, and do not."""
        return (
            self.method != "GET"
            and not self.path.endswith("/applications/token")
            and "/api/v1/" not in self.path
        )


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    url: str
    api_url: str
    process: "subprocess.Popen[str]"
    log_begins_after: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What points a server at it."""
        return {
            "AIRBYTE_API_URL": self.api_url,
            "AIRBYTE_CLIENT_ID": CLIENT_ID,
            "AIRBYTE_CLIENT_SECRET": CLIENT_SECRET,
        }

    def get(self, path: str, **params: object) -> Any:
        """A control or API call of the test itself."""
        answer = httpx.get(
            self.url + path,
            params=_text(params),
            headers={"Authorization": f"Bearer {self._token()}"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    def effects(self) -> list[LoggedRequest]:
        """Every request that changed something, or tried to, in order."""
        return [request for request in self.requests() if request.is_effect]

    def requests(self) -> list[LoggedRequest]:
        """Every request but token fetches and calls of the sandbox's own control, in order."""
        log = [LoggedRequest(r["method"], r["path"], r["body"], r["status"]) for r in self._log()]
        return [
            r
            for r in log
            if not r.path.startswith("/_sandbox/") and not r.path.endswith("/applications/token")
        ]

    def authorization(self) -> dict[str, str]:
        """The header of a request to the API."""
        return {"Authorization": f"Bearer {self._token()}"}

    def connection(self, name: str) -> Any:
        """The one connection of this name, as the API shows it."""
        found = self.get("/api/public/v1/connections", limit=100)["data"]
        (one,) = [c for c in found if c["name"] == name]
        return self.get(f"/api/public/v1/connections/{one['connectionId']}")

    def job(self, job_id: int) -> Any:
        """The job as the API shows it now."""
        return self.get(f"/api/public/v1/jobs/{job_id}")

    def ended_job(self, job_id: int) -> Any:
        """The job, once it has ended."""
        return self.get(f"/_sandbox/jobs/{job_id}/wait", status="terminal", timeout=50)

    def rows_in_sink(self, connection_id: str) -> int:
        """Rows that are in the destination's file for this connection."""
        streams = self.get(f"/_sandbox/sink/{connection_id}")["streams"]
        return sum(stream["rows"] for stream in streams)

    def start_job(self, connection_id: str) -> int:
        """Start a sync behind the server's back."""
        answer = httpx.post(
            f"{self.api_url}/jobs",
            json={"connectionId": connection_id, "jobType": "sync"},
            headers={"Authorization": f"Bearer {self._token()}"},
        )
        answer.raise_for_status()
        # The reference dialect writes it as text.
        return int(answer.json()["jobId"])

    def cancel_job(self, job_id: int) -> None:
        """Cancel a job behind the server's back."""
        httpx.delete(
            f"{self.api_url}/jobs/{job_id}", headers={"Authorization": f"Bearer {self._token()}"}, timeout=30
        ).raise_for_status()

    def patch(self, connection_id: str, change: Mapping[str, object]) -> None:
        """Change a connection behind the server's back."""
        httpx.patch(
            f"{self.api_url}/connections/{connection_id}",
            json=dict(change),
            headers={"Authorization": f"Bearer {self._token()}"},
        ).raise_for_status()

    def started_over(self) -> "Sandbox":
        """The same sandbox with fleet, jobs and rows as at its start, and a log that begins now."""
        httpx.post(
            self.url + "/_sandbox/reset", headers={"Authorization": f"Bearer {self._token()}"}, timeout=30
        ).raise_for_status()
        return self.from_here()

    def from_here(self) -> "Sandbox":
        """The same sandbox as it is, with a log that begins now."""
        numbers = [request["number"] for request in self._log()]
        return replace(self, log_begins_after=max(numbers, default=self.log_begins_after))

    def plant_fault(self, rule: Mapping[str, object]) -> None:
        """Make the next matching requests or syncs go wrong, as docs/sandbox.md describes."""
        httpx.post(
            self.url + "/_sandbox/faults",
            json=dict(rule),
            headers={"Authorization": f"Bearer {self._token()}"},
        ).raise_for_status()

    def clear_faults(self) -> None:
        """Let everything go well again."""
        httpx.delete(
            self.url + "/_sandbox/faults", headers={"Authorization": f"Bearer {self._token()}"}
        ).raise_for_status()

    def _log(self) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = self.get("/_sandbox/requests", after=self.log_begins_after)[
            "requests"
        ]
        return requests

    def _token(self) -> str:
        answer = httpx.post(
            f"{self.api_url}/applications/token",
            json={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant-type": "client_credentials"},
        )
        token: str = answer.raise_for_status().json()["access_token"]
        return token


@contextmanager
def running_sandbox(folder: Path, *files: Path, options: Sequence[str] = ()) -> Generator[Sandbox]:
    """The installed command `sandbox` on a free port; ready when this enters."""
    arguments = [
        "sandbox",
        "--port",
        "0",
        "--no-schedules",
        "--data",
        str(folder),
        *map(str, files),
        *options,
    ]
    arguments += ["--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET]
    with process_in_background(
        arguments, clean_environment(), folder.with_name("sandbox.log"), heard="stdout"
    ) as process:
        assert process.stdout is not None
        api_url = line_matching(process.stdout, r"AIRBYTE_API_URL=(\S+)", folder.with_name("sandbox-address"))
        yield Sandbox(url=api_url.removesuffix("/api/public/v1"), api_url=api_url, process=process)


def _text(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}
