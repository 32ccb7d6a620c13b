"""What a source offers, in the forms that Airbyte says it."""

from airbyte_client import AirbyteClient, SyncMode
from scripted_airbyte import ScriptedAirbyte, answer

ORDERS = {
    "streamName": "orders",
    "streamnamespace": "public",
    "syncModes": ["incremental_append", "sideways"],
    "defaultCursorField": ["updated_at"],
    "sourceDefinedCursorField": False,
    "sourceDefinedPrimaryKey": [["id"]],
    "propertyFields": [["id"], ["updated_at"], ["address", "city"]],
}


def test_the_bare_list_is_read_and_both_ends_are_named(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    bare = {"streamName": "bare", "syncModes": None, "defaultCursorField": None, "propertyFields": None}
    server.on("GET /streams", answer([ORDERS, bare]))

    orders, other = client.list_streams("s1", "d1")

    assert server.log[0].query == {"sourceId": ["s1"], "destinationId": ["d1"]}
    assert (orders.name, orders.namespace, orders.has_own_cursor) == ("orders", "public", False)
    assert orders.sync_modes == (SyncMode.INCREMENTAL_APPEND, SyncMode("sideways"))
    assert orders.own_primary_key == (("id",),)
    assert orders.field_path("address.city") == ("address", "city")
    assert orders.field_path("address") is None
    assert (other.sync_modes, other.default_cursor, other.field_path("a.b")) == ((), (), ("a", "b"))
