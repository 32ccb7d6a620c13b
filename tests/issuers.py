"""A real authorization server, as far as a resource server sees one: metadata and keys over HTTP, and its tokens."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
KEYS = "/keys"


def new_key() -> rsa.RSAPrivateKey:
    """A private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """What a test decides of the issuer; `served` counts the requests by path."""

    address: str = ""
    audience: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    kid: str = "first"
    metadata_at: str = OPENID
    claims_to_be: str | None = None
    served: list[str] = field(default_factory=list[str])

    def token(self, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """An access token of this issuer; claims of None are left out, others replace what is usual."""
        now = int(time.time())
        usual = {
            "iss": self.address,
            "aud": self.audience,
            "sub": "ann",
            "scope": "operate",
            "exp": now + 60,
            "iat": now,
        }
        wanted = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(wanted, self.key, algorithm="RS256", headers={"kid": self.kid} | (headers or {}))

    def rotate(self) -> None:
        """Sign with another key from now on, and publish no other."""
        self.key, self.kid = new_key(), f"after {self.kid}"

    @property
    def public_key(self) -> dict[str, Any]:
        """Its key as a JSON Web Key."""
        published: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return published | {"kid": self.kid, "use": "sig"}

    def document_at(self, path: str) -> dict[str, Any] | None:
        """What it answers."""
        if path == KEYS:
            return {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}, self.public_key]}
        if path == self.metadata_at:
            return {"issuer": self.claims_to_be or self.address, "jwks_uri": self.address + KEYS}
        return None


@contextmanager
def running_issuer() -> Generator[Issuer]:
    """An issuer on a port of its own."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.served.append(self.path)
            document = issuer.document_at(self.path)
            self.send_response(404 if document is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class names it
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.address = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield issuer
        finally:
            server.shutdown()
