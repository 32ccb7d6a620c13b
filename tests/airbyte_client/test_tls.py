"""Certificates are checked, against the company's own authority where one is named."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airbyte_client import AirbyteClient, BearerToken, UnreachableError
from instant_clocks import InstantClock
from scripted_airbyte import page, scripted_airbyte


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_an_unknown_authority_is_refused_and_gets_no_credentials(
    certificate: Path, clock: InstantClock
) -> None:
    with scripted_airbyte(_tls(certificate)) as server:
        server.on("GET /workspaces", page())
        client = AirbyteClient(server.base_url, auth=BearerToken("t"), clock=clock)
        with client, pytest.raises(UnreachableError, match="certificate is not trusted") as refused:
            client.list_workspaces()

        assert server.log == []
    assert "ca_bundle" in refused.value.next_step


def test_a_named_authority_is_trusted(certificate: Path) -> None:
    with scripted_airbyte(_tls(certificate)) as server:
        server.on("GET /workspaces", page())
        with AirbyteClient(server.base_url, auth=BearerToken("t"), ca_bundle=certificate) as client:
            assert client.list_workspaces() == []

        assert server.log[0].authorization == "Bearer t"
