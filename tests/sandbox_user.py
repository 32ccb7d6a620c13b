"""Somebody who uses a sandbox over real HTTP and looks into its destinations' files."""

import sqlite3
from contextlib import closing
from typing import Any, TypeAlias

import httpx

from airbyte_sandbox import SandboxAddress

# Tests look into answers freely; what an answer holds is what they assert.
Json: TypeAlias = Any

DEFAULT_WORKSPACE = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


class SandboxUser:
    """Has a token, and names connections by name."""

    def __init__(self, address: SandboxAddress) -> None:
        self.address = address
        self.http = httpx.Client(timeout=30)
        self.http.headers["Authorization"] = f"Bearer {self.new_token()}"

    def new_token(self) -> str:
        """A fresh access token."""
        body = {
            "client_id": self.address.client_id,
            "client_secret": self.address.client_secret,
            "grant-type": "client_credentials",
        }
        answer = self.http.post(f"{self.address.api_url}/applications/token", json=body)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, body: Json = None, **query: str | int) -> httpx.Response:
        """A call of the public API; a falsy body is sent as given unless it is None."""
        if body is None:
            return self.http.request(method, self.address.api_url + path, params=query)
        return self.http.request(method, self.address.api_url + path, params=query, json=body)

    def get(self, path: str, **query: str | int) -> Json:
        """The body of a GET that must succeed."""
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, path: str, **query: str | float) -> Json:
        """The body of a control call that must succeed."""
        answer = self.http.get(f"{self.address.url}/_sandbox{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def connection(self, name: str) -> Json:
        """The first connection of this name."""
        found = self.get("/connections", limit=100)["data"]
        return next(item for item in found if item["name"] == name)

    def start(self, name: str, kind: str = "sync") -> int:
        """Start a job of the connection of this name."""
        identifier = self.connection(name)["connectionId"]
        answer = self.call("POST", "/jobs", {"connectionId": identifier, "jobType": kind})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["jobId"])

    def ended(self, job_id: int) -> Json:
        """The job, once it has ended."""
        waited = self.control(f"/jobs/{job_id}/wait", status="terminal", timeout=30)
        assert waited["reached"], waited
        return waited["job"]

    def running(self, job_id: int, records: int = 1) -> Json:
        """What the wait says, once the job runs and has committed so many records."""
        waited = self.control(f"/jobs/{job_id}/wait", status="running", records=records, timeout=30)
        assert waited["reached"], waited
        assert waited["job"]["status"] == "running", waited
        return waited

    def sync(self, name: str) -> Json:
        """Sync to the end, which must be a good one."""
        job = self.ended(self.start(name))
        assert job["status"] == "succeeded", job
        return job

    def attempts(self, job_id: int) -> list[Json]:
        """The attempts of a job, from the Config API."""
        url = f"{self.address.url}/api/v1/jobs/get_without_logs"
        answer = self.http.post(url, json={"id": job_id})
        assert answer.status_code == 200, answer.text
        return [item["attempt"] for item in answer.json()["attempts"]]

    def rows(self, name: str, query: str = "SELECT * FROM {table}") -> list[Json]:
        """What a query gives in the destination's file, for the table of the connection's first stream."""
        sink = self.control(f"/sink/{self.connection(name)['connectionId']}")
        if not sink["streams"]:
            return []
        with closing(sqlite3.connect(sink["path"])) as database:
            database.row_factory = sqlite3.Row
            table = '"' + sink["streams"][0]["table"] + '"'
            return [dict(row) for row in database.execute(query.format(table=table)).fetchall()]

    def close(self) -> None:
        """Leave."""
        self.http.close()
