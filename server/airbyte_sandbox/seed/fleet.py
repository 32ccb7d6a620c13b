"""The connections of the demo fleet, as a table that can be read."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.model import (
    Connection,
    ConnectionStatus,
    Destination,
    Schedule,
    ScheduleType,
    Source,
    StreamConfig,
    SyncMode,
    Tag,
    Workspace,
)
from airbyte_sandbox.sources import sample

_IDS = UUID("5a4d0b0c-0000-4000-8000-000000000000")
_OVERWRITE = SyncMode.FULL_REFRESH_OVERWRITE
_APPEND = SyncMode.FULL_REFRESH_APPEND
_INCREMENTAL = SyncMode.INCREMENTAL_APPEND
_DEDUPED = SyncMode.INCREMENTAL_DEDUPED_HISTORY
_MANUAL = Schedule()
_FINANCE = ("finance", "22C55E")


def fixed_id(*names: str) -> str:
    """The id of a seeded thing: the same in every sandbox."""
    return str(uuid5(_IDS, "/".join(names)))


DEFAULT_WORKSPACE = Workspace("a1b2c3d4-e5f6-7890-abcd-ef1234567890", "Default Workspace")
MARKETING_WORKSPACE = Workspace(fixed_id("workspace", "Marketing"), "Marketing")


def cron(expression: str) -> Schedule:
    """A Quartz schedule, in UTC."""
    return Schedule(ScheduleType.CRON, expression)


@dataclass(frozen=True)
class SeedDestination:
    """One destination of the fleet."""

    workspace: Workspace
    name: str
    type: str
    configuration: JsonObject

    @property
    def id(self) -> str:
        """Its id."""
        return fixed_id("destination", self.workspace.name, self.name)

    def build(self, created_at: int) -> Destination:
        """The destination itself."""
        return Destination(self.id, self.workspace.id, self.name, self.type, self.configuration, created_at)


WAREHOUSE = SeedDestination(
    DEFAULT_WORKSPACE,
    "Warehouse",
    "postgres",
    {
        "host": "warehouse.internal",
        "port": 5432,
        "database": "analytics",
        "username": "airbyte",
        "password": "demo-pg-password",
    },
)
LAKE = SeedDestination(
    DEFAULT_WORKSPACE,
    "Lake",
    "s3",
    {
        "s3_bucket_name": "acme-lake",
        "s3_bucket_path": "raw",
        "s3_bucket_region": "eu-central-1",
        "format": {"format_type": "Parquet"},
        "secret_access_key": "demo-aws-secret",
    },
)
MARKETING_WAREHOUSE = SeedDestination(
    MARKETING_WORKSPACE,
    "Marketing warehouse",
    "snowflake",
    {
        "host": "acme.snowflakecomputing.com",
        "role": "AIRBYTE_ROLE",
        "warehouse": "AIRBYTE_WAREHOUSE",
        "database": "MARKETING",
        "schema": "PUBLIC",
        "username": "airbyte",
        "password": "demo-sf-password",
    },
)
DESTINATIONS = (WAREHOUSE, LAKE, MARKETING_WAREHOUSE)


@dataclass(frozen=True)
class SeedConnection:
    """One connection with a source of its own; ``settings`` are the sample source's."""

    name: str
    destination: SeedDestination
    source_name: str
    source_type: str
    settings: JsonObject
    modes: dict[str, SyncMode]
    schedule: Schedule = _MANUAL
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    secrets: JsonObject = field(default_factory=dict[str, JsonValue])
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def workspace(self) -> Workspace:
        """Its workspace, which is its destination's."""
        return self.destination.workspace

    @property
    def id(self) -> str:
        """Its id."""
        return fixed_id("connection", self.workspace.name, self.name)

    def source(self, created_at: int) -> Source:
        """The source itself; it really produces the rows its configuration says."""
        configuration = {**self.secrets, **self.settings}
        return Source(
            id=fixed_id("source", self.workspace.name, self.source_name),
            workspace_id=self.workspace.id,
            name=self.source_name,
            source_type=self.source_type,
            connector="sample",
            configuration=configuration,
            catalog=tuple(sample.catalog(configuration)),
            created_at=created_at,
        )

    def build(self, source: Source, created_at: int) -> Connection:
        """The connection itself."""
        return Connection(
            id=self.id,
            workspace_id=self.workspace.id,
            name=self.name,
            source_id=source.id,
            destination_id=self.destination.id,
            status=self.status,
            schedule=self.schedule,
            streams=tuple(
                StreamConfig(
                    stream.name,
                    self.modes[stream.name],
                    stream.default_cursor if self.modes[stream.name].incremental else (),
                    stream.primary_key,
                )
                for stream in source.catalog
            ),
            created_at=created_at,
            tags=tuple(
                Tag(fixed_id("tag", self.workspace.name, name), self.workspace.id, name, color)
                for name, color in self.tags
            ),
        )


CONNECTIONS = (
    SeedConnection(
        "Orders to warehouse",
        WAREHOUSE,
        "Shop database",
        "postgres",
        {"streams": {"orders": 1500, "customers": 500}, "new_rows": 60, "rows_per_second": 650},
        {"orders": _INCREMENTAL, "customers": _DEDUPED},
        cron("0 0 2 * * ?"),
        secrets={"host": "shop-db.internal", "username": "readonly", "password": "demo-shop-password"},
        tags=(_FINANCE,),
    ),
    SeedConnection(
        "CRM contacts to warehouse",
        WAREHOUSE,
        "HubSpot CRM",
        "hubspot",
        {
            "streams": {"contacts": 800, "companies": 120},
            "fail": {
                "kind": "config_error",
                "after_rows": 0,
                "message": "The API key has expired. Create a new private app token in HubSpot.",
            },
        },
        {"contacts": _DEDUPED, "companies": _OVERWRITE},
        cron("0 30 3 * * ?"),
        secrets={"portal_id": "8841207", "api_key": "demo-hubspot-key"},
    ),
    SeedConnection(
        "Billing to warehouse",
        WAREHOUSE,
        "Stripe billing",
        "stripe",
        {"streams": {"invoices": 900}, "new_rows": 40},
        {"invoices": _DEDUPED},
        cron("0 0 5 * * ?"),
        ConnectionStatus.INACTIVE,
        secrets={"account_id": "acct_demo", "client_secret": "demo-stripe-secret"},
        tags=(_FINANCE,),
    ),
    SeedConnection(
        "Web events to lake",
        LAKE,
        "Web tracker",
        "snowplow",
        {"streams": {"page_views": 3000}, "new_rows": 250},
        {"page_views": _INCREMENTAL},
        cron("0 5 * * * ?"),
    ),
    SeedConnection(
        "Support tickets to warehouse",
        WAREHOUSE,
        "Zendesk support",
        "zendesk-support",
        {"streams": {"tickets": 400}, "new_rows": 25},
        {"tickets": _DEDUPED},
        Schedule(ScheduleType.BASIC, "Every 24 HOURS"),
        secrets={"subdomain": "acme", "api_token": "demo-zendesk-token"},
    ),
    SeedConnection(
        "Product catalogue to lake",
        LAKE,
        "Product sheet",
        "google-sheets",
        {"streams": {"products": 240}},
        {"products": _OVERWRITE},
    ),
    SeedConnection(
        "Clickstream backfill",
        LAKE,
        "Clickstream archive",
        "s3",
        {"streams": {"clicks": 200_000}, "rows_per_second": 500},
        {"clicks": _INCREMENTAL},
    ),
    SeedConnection(
        "Product usage to warehouse",
        WAREHOUSE,
        "Product analytics",
        "mixpanel",
        {"streams": {"feature_usage": 600}, "new_rows": 30},
        {"feature_usage": _INCREMENTAL},
        cron("0 15 4 * * ?"),
        secrets={"project_id": "20931", "api_secret": "demo-mixpanel-secret"},
    ),
    SeedConnection(
        "Product usage to warehouse",
        MARKETING_WAREHOUSE,
        "Product analytics (marketing)",
        "mixpanel",
        {"streams": {"feature_usage": 300}, "new_rows": 15},
        {"feature_usage": _INCREMENTAL},
        cron("0 45 4 * * ?"),
        secrets={"project_id": "20932", "api_secret": "demo-mixpanel-secret"},
    ),
    SeedConnection(
        "Ad spend to warehouse",
        MARKETING_WAREHOUSE,
        "Google Ads",
        "google-ads",
        {"streams": {"campaigns": 180}},
        {"campaigns": _APPEND},
        cron("0 0 6 * * ?"),
        secrets={"customer_id": "555-123-9876", "developer_token": "demo-ads-token"},
        tags=(_FINANCE,),
    ),
    SeedConnection(
        "Legacy newsletter to warehouse",
        MARKETING_WAREHOUSE,
        "Mailchimp (old account)",
        "mailchimp",
        {"streams": {"contacts": 150}},
        {"contacts": _OVERWRITE},
        status=ConnectionStatus.LOCKED,
        secrets={"api_key": "demo-mailchimp-key"},
    ),
)


def connection_named(name: str) -> SeedConnection:
    """The first connection of that name."""
    return next(connection for connection in CONNECTIONS if connection.name == name)
