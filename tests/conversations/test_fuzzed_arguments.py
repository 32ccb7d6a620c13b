"""Whatever arguments a model invents: never a crash, a protocol error, a leak or a change."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp_types import ElicitResult, Tool

from airbyte_mcp_server.server import listed_tools
from harness import CLIENT_SECRET, FAILING, HEALTHY, PAUSED, Desk, Sandbox, text_of
from talk import Talk, talking

pytestmark = pytest.mark.ci

EXAMPLES = 20
UNFORESEEN = "Something went wrong inside this server"
SECRETS = (CLIENT_SECRET, "demo-pg-password", "demo-aws-secret", "demo-sf-password")
SMALL = 3
"""Numbers are drawn from the low end of their range: `wait_seconds` is one of them."""

Schema = dict[str, Any]

real_values = st.sampled_from(
    [
        HEALTHY,
        FAILING,
        PAUSED,
        "Marketing",
        "Warehouse",
        "orders",
        "incremental_append",
        "0 0 6 * * ?",
        "1",
        "UTC",
    ]
)
hostile = st.sampled_from(
    [
        "",
        "*",
        "../../etc/passwd",
        "'; DROP TABLE plans;--",
        "\x00",
        "\u202eevil",
        "a" * 600,
        "{{7*7}}",
        "%s%n",
        "NaN",
    ]
)
texts = real_values | hostile | st.text(max_size=40)
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def fitting(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that the schema admits, or nearly."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "integer":
            low = int(schema.get("minimum", 0))
            return st.integers(low, min(low + SMALL, int(schema.get("maximum", low + SMALL))))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "object":
            return objects(schema)
        case _:
            return texts


def objects(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with all required members and some of the others."""
    required = set(schema.get("required", ()))
    members = {name: fitting(member) for name, member in schema.get("properties", {}).items()}
    return st.fixed_dictionaries(
        {name: members[name] for name in required},
        optional={name: value for name, value in members.items() if name not in required},
    )


def outside(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments of which at least one is not what the schema says."""
    names = st.sampled_from([*schema.get("properties", {}), "dry_run", "confirm", "approved", "__class__"])
    return st.tuples(objects(schema), st.dictionaries(names, anything, min_size=1, max_size=3)).map(
        lambda both: both[0] | both[1]
    )


@pytest.fixture(scope="module")
def talk(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[Talk]:
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    with talking(Desk(shared_sandbox.started_over(), folder)) as begun:
        begun.will_answer(ElicitResult(action="decline"))
        yield begun


@pytest.mark.parametrize("tool", listed_tools(), ids=lambda tool: tool.name)
def test_invented_arguments_end_in_an_answer_or_a_clear_refusal(
    tool: Tool, talk: Talk, shared_sandbox: Sandbox
) -> None:
    sandbox = shared_sandbox.from_here()
    schema: Schema = dict(tool.input_schema)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(objects(schema) | outside(schema))
    def invented(arguments: dict[str, Any]) -> None:
        arguments = {
            name: min(value, SMALL) if name == "wait_seconds" and isinstance(value, int) else value
            for name, value in arguments.items()
        }
        told = text_of(talk.result(tool.name, **arguments))
        assert told.strip()
        assert UNFORESEEN not in told
        assert [secret for secret in SECRETS if secret in told] == []

    invented()

    assert sandbox.effects() == []
