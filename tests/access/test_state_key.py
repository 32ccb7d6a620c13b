"""The key that replicas share: strong, replaceable while they run, never told, and for HTTP only."""

import pytest
from mcp.server.request_state import InvalidRequestState

from airbyte_mcp_server.operating.local_checks import settings_read
from airbyte_mcp_server.operating.redacting import Redactor
from airbyte_mcp_server.sealing import sealing
from airbyte_mcp_server.settings.model import SettingsError
from airbyte_mcp_server.settings.sources import load_settings

OLD = "planted-key-of-last-year-which-is-long-enough"
NEW = "planted-key-of-this-year-which-is-long-enough"
STORE = {"AIRBYTE_MCP_STORE": "postgresql://mcp@localhost/mcp", "AIRBYTE_MCP_TRANSPORT": "http"}


def opened(sealed_with: str, opened_with: str) -> bytes:
    """What one replica opens of what another has sealed."""
    codecs = [
        sealing(load_settings({}, {"AIRBYTE_MCP_STATE_KEY": key} if key else {})).codec
        for key in (sealed_with, opened_with)
    ]
    return codecs[1].unseal(codecs[0].seal(b"form:plan"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (OLD, OLD),
        (OLD, f"{OLD},{NEW}"),
        (f"{OLD},{NEW}", OLD),
        (OLD, f" {NEW} , {OLD} "),
        (f"{NEW},{OLD}", NEW),
    ],
)
def test_a_key_is_replaced_by_putting_the_new_one_beside_it(first: str, second: str) -> None:
    assert opened(first, second) == b"form:plan"


@pytest.mark.parametrize(("first", "second"), [(OLD, NEW), (f"{NEW},{OLD}", OLD), ("", ""), (OLD, "")])
def test_whoever_lacks_the_key_that_sealed_opens_nothing(first: str, second: str) -> None:
    with pytest.raises(InvalidRequestState):
        opened(first, second)


@pytest.mark.parametrize(
    ("key", "because"),
    [
        ("too short", "can be guessed"),
        (f"{OLD},short", "can be guessed"),
        (f"{OLD},", "can be guessed"),
        (f"{OLD},{OLD}", "twice"),
    ],
)
def test_a_weak_key_stops_the_start_and_is_not_repeated(key: str, because: str) -> None:
    with pytest.raises(SettingsError, match=because) as refused:
        load_settings({}, {"AIRBYTE_MCP_STATE_KEY": key})

    assert "AIRBYTE_MCP_STATE_KEY" in str(refused.value)
    assert key not in str(refused.value)


def test_sse_and_a_key_for_replicas_contradict_each_other() -> None:
    with pytest.raises(SettingsError, match="process that holds its stream; serve http instead"):
        load_settings({}, {"AIRBYTE_MCP_STATE_KEY": OLD, "AIRBYTE_MCP_TRANSPORT": "sse"})


def test_each_key_of_several_is_kept_out_of_the_log() -> None:
    redact = Redactor(load_settings({}, {"AIRBYTE_MCP_STATE_KEY": f"{NEW}, {OLD}"}))

    assert redact(f"one {OLD} two {NEW}") == "one *** two ***"


def test_the_doctor_warns_of_a_shared_store_without_a_key_and_only_then() -> None:
    warned, keyed, alone = (
        [finding.message for finding in settings_read(load_settings({}, variables))]
        for variables in (STORE, STORE | {"AIRBYTE_MCP_STATE_KEY": OLD}, {"AIRBYTE_MCP_TRANSPORT": "http"})
    )

    assert sum("without a state key" in message for message in warned) == 1
    assert not any("state key" in message for message in keyed + alone)
