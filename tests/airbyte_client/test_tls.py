"""Certificates are checked, against the company's own authority where one is named."""

from pathlib import Path

import pytest

from airbyte_client import AirbyteClient, BearerToken, UntrustedCertificateError
from certificates import self_signed, server_tls
from instant_clocks import InstantClock
from scripted_airbyte import page, scripted_airbyte


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path / "server.pem")


def test_an_unknown_authority_is_refused_and_gets_no_credentials(
    certificate: Path, clock: InstantClock
) -> None:
    with scripted_airbyte(server_tls(certificate)) as server:
        server.on("GET /workspaces", page())
        client = AirbyteClient(server.base_url, auth=BearerToken("t"), clock=clock)
        with client, pytest.raises(UntrustedCertificateError, match="certificate is not trusted") as refused:
            client.list_workspaces()

        assert server.log == []
    assert clock.waits == []
    assert "ca_bundle" in refused.value.next_step


def test_a_named_authority_is_trusted(certificate: Path) -> None:
    with scripted_airbyte(server_tls(certificate)) as server:
        server.on("GET /workspaces", page())
        with AirbyteClient(server.base_url, auth=BearerToken("t"), ca_bundle=certificate) as client:
            assert client.list_workspaces() == []

        assert server.log[0].authorization == "Bearer t"
