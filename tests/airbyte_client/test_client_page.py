"""docs/client.md: each example runs, against the sandbox, as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from airbyte_sandbox import RunningSandbox, SandboxSettings, start_in_thread
from fault_matrix import USES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "client.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_in_thread(SandboxSettings()) as running:
        yield running


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(
    sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    monkeypatch.setenv("AIRBYTE_API_URL", sandbox.address.url)
    monkeypatch.setenv("AIRBYTE_CLIENT_ID", sandbox.address.client_id)
    monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", sandbox.address.client_secret)

    exec(compile(EXAMPLES[number], f"example {number}", "exec"), {"__name__": "__main__"})  # noqa: S102  our own page

    assert capsys.readouterr().out.strip()


def test_the_page_counts_the_faults_right() -> None:
    faults = (DOCS / "client-faults.md").read_text(encoding="utf-8")

    assert len(EXAMPLES) >= 5
    assert f"{len(USES)} operations." in faults
    (counted,) = re.findall(r"what each of (\d+) faults", PAGE)
    assert f"\n{counted} faults, " in faults
