"""One vocabulary for flags, environment and TOML file, checked once at the start.

A setting `api_url` is the flag `--api-url`, the variable `AIRBYTE_API_URL`
and the key `api_url` of the TOML file; the server's own settings carry the
prefix `AIRBYTE_MCP_` in the environment. A flag beats the environment, and the
environment beats the file. Every secret can come from a file instead:
`AIRBYTE_CLIENT_SECRET_FILE`, `client_secret_file`.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator

from airbyte_mcp_server.settings.airbyte import (
    AIRBYTE_NAMES,
    AIRBYTE_SECRETS,
    DEFAULT_INSTANCE,
    AirbyteSettings,
    require_together,
    require_told_apart,
)

SHORTEST_STATE_KEY = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Transport = Literal["stdio", "sse", "http"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Metrics = Literal["off", "token", "open"]
Telemetry = Literal["off", "otlp"]
Browser = Literal["auto", "always", "never"]
WebhookFormat = Literal["generic", "slack"]


class ToolSet(StrEnum):
    """Sets of tools that change something; tools that only read are always offered.

    RUN starts and stops jobs, CONFIGURE changes connections, CLEAR deletes data at the destination.
    """

    RUN = "run"
    CONFIGURE = "configure"
    CLEAR = "clear"


class SettingsError(Exception):
    """The settings cannot be used; the message says which one and what it should be."""


class Settings(AirbyteSettings):
    """Everything that an operator can decide. Immutable once the server runs.

    What is said of the one Airbyte stands beside the rest; of several, each in its own table of `instances`.

    Attributes:
        read_only: Refuse every change.
        timezone: The zone in which people here speak of times; an IANA name.
        data_dir: Where plans, approvals and audit live. Default: the user's data folder.
        approve_seconds: How long a plan waits for a person.
        apply_seconds: How long an approved plan waits to be applied.
        cool_down_seconds: How long after a no the same change is not asked for again.
        log_level: What goes to stderr.
        log_format: How it is written there: text, or json with one object a line.
        metrics: Whether SSE and HTTP serve /metrics for Prometheus: off, token (with a bearer token), open.
        telemetry: Whether traces are sent, to where OTEL_* variables say (see docs/operating.md).
        transport: How clients reach the server.
        host: The address that SSE and HTTP listen on; others than loopback need allowed_hosts and tokens.
        port: The port that SSE and HTTP listen on; 0 takes any free one.
        token: The bearer token that SSE and HTTP ask for; generated when absent.
        tokens_file: A TOML file of named bearer tokens, instead of one (see docs/hosting.md).
        oauth_issuer: Takes access tokens of this OAuth authorization server, with oauth_audience.
        oauth_audience: The address by which clients reach this server, as access tokens name it.
        oauth_jwks_url: Where the issuer's keys are; asked of the issuer when absent.
        state_key: Seals questions; the same for all replicas, which then answer for each other over HTTP.
        allowed_hosts: The names by which clients reach this server, besides loopback; comma-separated.
        max_connections: How many connections and how many sessions may be open at once; more get 503.
        request_seconds: How long a client may take to send a request, or to take in an answer.
        calls_per_minute: How many calls one person may make in a minute, on all replicas; 0 for any number.
        changes_per_minute: How many calls of changing tools among them; 0 for any number.
        terminal_approvals: Whether a yes given by `approvals approve` on this machine counts.
        policy_file: A TOML file of rules: what is allowed, asked about, refused (see docs/policy.md).
        tool_sets: Offer only these sets of changing tools: run, configure, clear; comma-separated.
        store: A PostgreSQL address for plans and audit, shared by replicas; a file in data_dir when absent.
        approvals_url: Where people reach the approvals page, for links in questions and webhooks.
        approvals_page: Whether SSE and HTTP serve the approvals page, too, as `approvals serve` does alone.
        approvals_host: The address that the approvals page listens on.
        approvals_port: The port that the approvals page listens on; 0 takes any free one.
        wait_seconds: How long a call waits for a decision when the client cannot ask; 0 does not wait.
        open_browser: Whether the stdio server opens plans in this person's browser; auto: with a display.
        webhook_url: Told of plans that wait for a person, and of what becomes of them.
        webhook_format: The shape of what the webhook is told.
        webhook_secret: Signs what the webhook is told.
        dangerously_allow_model_confirmation: Let the model's own word count as a yes. No human is asked.
        instances: Airbytes by name: the tables `[instances.NAME]` of the settings file, and nowhere else.
    """

    read_only: bool = False
    timezone: str = "UTC"
    data_dir: Path | None = None
    approve_seconds: int = Field(600, ge=1, le=86_400)
    apply_seconds: int = Field(600, ge=1, le=86_400)
    cool_down_seconds: int = Field(600, ge=0, le=86_400)
    log_level: LogLevel = "warning"
    log_format: LogFormat = "text"
    metrics: Metrics = "off"
    telemetry: Telemetry = "off"
    transport: Transport = "stdio"
    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65_535)
    token: SecretStr | None = None
    tokens_file: Path | None = None
    oauth_issuer: str | None = None
    oauth_audience: str | None = None
    oauth_jwks_url: str | None = None
    state_key: SecretStr | None = None
    allowed_hosts: tuple[str, ...] = ()
    max_connections: int = Field(1_000, ge=1, le=100_000)
    request_seconds: int = Field(20, ge=1, le=600)
    calls_per_minute: int = Field(600, ge=0, le=1_000_000)
    changes_per_minute: int = Field(30, ge=0, le=1_000_000)
    terminal_approvals: bool = True

    policy_file: Path | None = None
    tool_sets: tuple[ToolSet, ...] = tuple(ToolSet)
    store: SecretStr | None = None
    approvals_url: str | None = None
    approvals_page: bool = False
    approvals_host: str = "127.0.0.1"
    approvals_port: int = Field(8766, ge=0, le=65_535)
    wait_seconds: int = Field(45, ge=0, le=600)
    open_browser: Browser = "auto"
    webhook_url: SecretStr | None = None
    webhook_format: WebhookFormat = "generic"
    webhook_secret: SecretStr | None = None
    dangerously_allow_model_confirmation: bool = False

    instances: Mapping[str, AirbyteSettings] = Field(default_factory=dict[str, AirbyteSettings])

    @property
    def airbytes(self) -> Mapping[str, AirbyteSettings]:
        """Every Airbyte by its name, one or more."""
        return self.instances or {DEFAULT_INSTANCE: self}

    @property
    def choices(self) -> tuple[str, ...]:
        """The names among which a caller has to choose; empty where there is one Airbyte only."""
        names = tuple(self.airbytes)
        return names if len(names) > 1 else ()

    @property
    def has_replicas(self) -> bool:
        """Whether any process with these settings answers any request: there are no sessions then."""
        return self.state_key is not None and self.transport == "http"

    def key_of(self, instance: str, setting: str) -> str:
        """How the operator sets something of one Airbyte: the variable, or the key in its table."""
        return f"instances.{instance}.{setting}" if self.instances else variable_of(setting)

    @field_validator("instances")
    @classmethod
    def _told_apart(cls, instances: Mapping[str, AirbyteSettings]) -> Mapping[str, AirbyteSettings]:
        require_told_apart(instances)
        return instances

    @field_validator("approvals_url")
    @classmethod
    def _address_of_a_page(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ValueError("it is not a web address, such as https://approvals.example.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("passwords would travel in the clear; it must begin with https://")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("the page has a host of its own; the address ends after it")
        return url.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _address_of_a_receiver(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_web_address(url.get_secret_value()):
            raise ValueError("it is not a web address, such as https://hooks.example.com/approvals")
        return url

    @field_validator("policy_file", "tokens_file")
    @classmethod
    def _in_the_home(cls, file: Path | None) -> Path | None:
        return None if file is None else file.expanduser()

    @field_validator("tool_sets", "allowed_hosts", mode="before")
    @classmethod
    def _listed(cls, sets: object) -> object:
        return [name.strip() for name in sets.split(",") if name.strip()] if isinstance(sets, str) else sets

    @field_validator("allowed_hosts")
    @classmethod
    def _names_of_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", host):
                raise ValueError(f"{host[:80]!r} is not the name of a host, such as airbyte-mcp.example.com")
        return tuple(host.lower() for host in hosts)

    @field_validator("oauth_issuer", "oauth_audience", "oauth_jwks_url")
    @classmethod
    def _address_without_secrets(cls, url: str | None) -> str | None:
        parts = urlsplit(url) if url is not None else None
        if parts is None:
            return url
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ValueError("it is not a web address, such as https://id.example.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("tokens and keys would travel in the clear; it must begin with https://")
        return url

    @field_validator("data_dir")
    @classmethod
    def _absolute_folder(cls, folder: Path | None) -> Path | None:
        if folder is None:
            return None
        expanded = folder.expanduser()
        if not expanded.is_absolute():
            raise ValueError("it must be an absolute path, so that every command finds the same folder")
        return expanded

    @field_validator("store")
    @classmethod
    def _postgresql_address(cls, store: SecretStr | None) -> SecretStr | None:
        if store is not None and not store.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError(
                "only PostgreSQL is known: postgresql://user@host/database;"
                " leave it out for a file in data_dir"
            )
        return store

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("it is not an IANA time zone, such as Europe/Berlin or UTC") from error
        return name

    @field_validator("token")
    @classmethod
    def _long_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:  # noqa: PLR2004 - said in the message
            raise ValueError("a bearer token of fewer than 16 characters can be guessed")
        return token

    @field_validator("state_key")
    @classmethod
    def _long_keys(cls, given: SecretStr | None) -> SecretStr | None:
        keys = keys_in(given) if given is not None else []
        if any(len(key) < SHORTEST_STATE_KEY for key in keys):
            raise ValueError(
                f"a key of fewer than {SHORTEST_STATE_KEY} characters can be guessed;"
                " make one with: openssl rand -base64 48"
            )
        if len(set(keys)) < len(keys):
            raise ValueError("one of its keys is in it twice")
        return given

    @model_validator(mode="after")
    def _no_streams_of_one_process(self) -> "Settings":
        if self.state_key is not None and self.transport == "sse":
            raise ValueError(
                "state_key is for replicas behind a balancer, and an SSE client can only be answered by the"
                " process that holds its stream; serve http instead, or leave state_key out"
            )
        return self

    @model_validator(mode="after")
    def _issuer_with_its_audience(self) -> "Settings":
        require_together("oauth_issuer and oauth_audience", self.oauth_issuer, self.oauth_audience)
        return self


SETTING_NAMES = tuple(name for name in Settings.model_fields if name != "instances")
"""Settings that have a flag, a variable and a key; tables of instances are keys only."""

SECRET_NAMES = AIRBYTE_SECRETS | frozenset(
    {
        "token",
        "state_key",
        "store",
        "webhook_url",
        "webhook_secret",
    }
)


def keys_in(state_key: SecretStr) -> list[str]:
    """The keys of the setting, the one that seals first; the others still open what they sealed."""
    return [key.strip() for key in state_key.get_secret_value().split(",")]


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port is what finds one that is no number, or too large.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    prefix = "AIRBYTE_" if name in AIRBYTE_NAMES else "AIRBYTE_MCP_"
    return prefix + name.upper()


def flag_of(name: str) -> str:
    """The command-line flag of a setting; a secret's flag names a file, because arguments show in `ps`."""
    return "--" + name.replace("_", "-") + ("-file" if name in SECRET_NAMES else "")
