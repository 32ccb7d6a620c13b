import pytest

from sandbox_user import Json, SandboxUser

ORDERS = "Orders to warehouse"


def patch(user: SandboxUser, name: str, body: Json) -> tuple[int, Json]:
    answer = user.call("PATCH", f"/connections/{user.connection(name)['connectionId']}", body)
    return answer.status_code, answer.json()


def refused(user: SandboxUser, name: str, body: Json) -> str:
    before = user.connection(name)
    status, answer = patch(user, name, body)
    assert status == 400, answer
    assert user.connection(name) == before
    return str(answer["data"].get("message") or answer["type"])


@pytest.mark.parametrize(
    "written", ["0 30 4 ? * MON-FRI", "0 30 4 ? * MON-FRI UTC", " 0  30 4 ? * MON-FRI  utc"]
)
def test_a_cron_schedule_is_kept_in_utc_and_read_with_utc_behind_it(user: SandboxUser, written: str) -> None:
    status, body = patch(user, ORDERS, {"schedule": {"scheduleType": "cron", "cronExpression": written}})
    assert status == 200
    assert body["schedule"] == {"scheduleType": "cron", "cronExpression": "0 30 4 ? * MON-FRI UTC"}
    assert user.connection(ORDERS) == body


def test_manual_takes_the_schedule_away(user: SandboxUser) -> None:
    _, body = patch(user, "Support tickets to warehouse", {"schedule": {"scheduleType": "manual"}})
    assert body["schedule"] == {"scheduleType": "manual"}


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ({"scheduleType": "basic", "basicTiming": "every_12_hours"}, "[manual, cron]"),
        ({"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}, "[manual, cron]"),
        ({}, "[manual, cron]"),
        ({"scheduleType": "cron"}, "Missing cron expression in the schedule."),
        ({"scheduleType": "cron", "cronExpression": "0 2 * * *"}, "5 parts but we expect one of [6, 7]"),
        ({"scheduleType": "cron", "cronExpression": "0 0 2 * * ? * America/Toronto"}, "8 parts"),
        ({"scheduleType": "cron", "cronExpression": "0 0 9 ? * MON-FRI US/Pacific"}, "is no year"),
        ({"scheduleType": "cron", "cronExpression": "* 0 2 * * ?"}, "cannot be `*`"),
        ({"scheduleType": "cron", "cronExpression": "0 * * * * ?"}, "cannot be `*`"),
        ({"scheduleType": "cron", "cronExpression": "0 0 2 * * *"}, "must be ?"),
        ({"scheduleType": "cron", "cronExpression": "0 0 2 ? * ?"}, "must be ?"),
        ({"scheduleType": "cron", "cronExpression": "0 0 24 * * ?"}, "24 is no hour"),
        ({"scheduleType": "cron", "cronExpression": "0 0 2 ? * XYZ"}, "XYZ is no day of week"),
        ({"scheduleType": "cron", "cronExpression": "0 0/15 * * * ?"}, "under-one-hour-not-allowed"),
    ],
)
def test_a_schedule_that_airbyte_would_not_take_is_400(
    reader: SandboxUser, schedule: Json, reason: str
) -> None:
    assert reason in refused(reader, ORDERS, {"schedule": schedule})


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 */6 * * ?",
        "0 0 0,12 ? * 2-6",
        "0 0 2 L * ?",
        "0 0 2 LW * ?",
        "0 0 2 15W JAN-MAR ?",
        "0 0 2 ? * 6#3 2027",
    ],
)
def test_quartz_expressions_of_all_kinds_are_taken(user: SandboxUser, expression: str) -> None:
    status, body = patch(user, ORDERS, {"schedule": {"scheduleType": "cron", "cronExpression": expression}})
    assert (status, body["schedule"]["cronExpression"]) == (200, f"{expression} UTC")


def test_a_resumed_connection_syncs_and_a_paused_one_does_not(user: SandboxUser) -> None:
    assert patch(user, "Billing to warehouse", {"status": "active"})[1]["status"] == "active"
    assert user.sync("Billing to warehouse")["rowsSynced"] == 900
    assert patch(user, "Billing to warehouse", {"status": "inactive"})[1]["status"] == "inactive"
    body = {"connectionId": user.connection("Billing to warehouse")["connectionId"], "jobType": "sync"}
    assert user.call("POST", "/jobs", body).status_code == 409


def test_a_patch_changes_what_it_names_and_nothing_else(user: SandboxUser) -> None:
    before = user.connection(ORDERS)
    _, after = patch(user, ORDERS, {"name": "Orders", "prefix": "shop_", "unknownField": 1})
    assert after == {**before, "name": "Orders", "prefix": "shop_"}
    user.sync("Orders")
    sink = user.control(f"/sink/{before['connectionId']}")
    assert {stream["table"] for stream in sink["streams"]} == {"shop_orders", "shop_customers"}


def test_streams_left_out_are_dropped_and_an_empty_list_changes_nothing(user: SandboxUser) -> None:
    before = user.connection(ORDERS)
    _, same = patch(user, ORDERS, {"configurations": {"streams": []}})
    assert same == before
    only = {"name": "customers", "syncMode": "full_refresh_append"}
    _, after = patch(user, ORDERS, {"configurations": {"streams": [only]}})
    assert [(s["name"], s["syncMode"]) for s in after["configurations"]["streams"]] == [
        ("customers", "full_refresh_append")
    ]
    assert user.sync(ORDERS)["rowsSynced"] == 500


def test_selected_fields_are_the_only_columns(user: SandboxUser) -> None:
    stream = {"name": "products", "selectedFields": [{"fieldPath": ["id"]}, {"fieldPath": ["price"]}]}
    patch(user, "Product catalogue to lake", {"configurations": {"streams": [stream]}})
    user.sync("Product catalogue to lake")
    columns = set(user.rows("Product catalogue to lake")[0])
    assert {name for name in columns if not name.startswith("_airbyte")} == {"id", "price"}


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ({"name": "nope"}, "nope"),
        (
            {"name": "orders", "syncMode": "incremental_update"},
            "Valid sync modes are: [full_refresh_overwrite",
        ),
        ({"name": "orders", "syncMode": "incremental_append", "cursorField": ["nope"]}, "Invalid cursor"),
        ({"name": "orders", "primaryKey": [["nope"]]}, "Invalid primary key"),
        ({"name": "orders", "primaryKey": [["id"], ["id"]]}, "Duplicate primary key"),
        ({"name": "orders", "selectedFields": []}, "No fields selected"),
        ({"name": "orders", "selectedFields": [{"fieldPath": ["a", "b"]}]}, "Invalid field selected"),
        (
            {
                "name": "orders",
                "syncMode": "incremental_append",
                "selectedFields": [{"fieldPath": ["id"]}],
            },
            "must be selected",
        ),
    ],
)
def test_a_stream_that_cannot_be_synced_so_is_400(reader: SandboxUser, stream: Json, reason: str) -> None:
    assert reason in refused(reader, ORDERS, {"configurations": {"streams": [stream]}})


def test_a_stream_named_twice_is_400(reader: SandboxUser) -> None:
    streams = [{"name": "orders"}, {"name": "orders"}]
    assert "Duplicate stream" in refused(reader, ORDERS, {"configurations": {"streams": streams}})


@pytest.mark.parametrize("body", [{"status": "gone"}, {"name": 5}, {"namespaceDefinition": "mine"}])
def test_a_value_of_the_wrong_kind_is_400(reader: SandboxUser, body: Json) -> None:
    refused(reader, ORDERS, body)


def test_a_locked_connection_is_409(reader: SandboxUser) -> None:
    status, body = patch(reader, "Legacy newsletter to warehouse", {"name": "x"})
    assert (status, body["type"]) == (409, "error:connection/locked")


def test_a_deprecated_connection_is_hidden_from_the_list(user: SandboxUser) -> None:
    identifier = user.connection(ORDERS)["connectionId"]
    patch(user, ORDERS, {"status": "deprecated"})
    shown = [item["connectionId"] for item in user.get("/connections", limit=100)["data"]]
    everything = user.get("/connections", limit=100, includeDeleted="true")["data"]
    assert identifier not in shown
    assert identifier in [item["connectionId"] for item in everything]


def test_switching_to_deduplication_leaves_one_row_of_each_key(user: SandboxUser) -> None:
    name = "Ad spend to warehouse"
    user.sync(name)
    user.sync(name)
    assert len(user.rows(name)) == 360
    stream = {"name": "campaigns", "syncMode": "incremental_deduped_history"}
    patch(user, name, {"configurations": {"streams": [stream]}})
    user.sync(name)
    assert len(user.rows(name)) == 180
