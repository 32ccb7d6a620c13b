import pytest

from sandbox_user import DEFAULT_WORKSPACE, Json, SandboxUser

ORDERS = "Orders to warehouse"


def new_tag(user: SandboxUser, name: str = "urgent", color: str = "#ff0000") -> Json:
    body = {"workspaceId": DEFAULT_WORKSPACE, "name": name, "color": color}
    return user.call("POST", "/tags", body)


def test_a_tag_is_made_read_changed_and_deleted(user: SandboxUser) -> None:
    tag = new_tag(user).json()
    assert tag == {
        "tagId": tag["tagId"],
        "workspaceId": DEFAULT_WORKSPACE,
        "name": "urgent",
        "color": "FF0000",
    }
    assert user.get(f"/tags/{tag['tagId']}") == tag
    changed = user.call("PATCH", f"/tags/{tag['tagId']}", {"name": "calm", "color": "00FF00"}).json()
    assert changed in user.get("/tags", workspaceIds=DEFAULT_WORKSPACE)["data"]
    assert user.call("DELETE", f"/tags/{tag['tagId']}").status_code == 204
    assert user.call("GET", f"/tags/{tag['tagId']}").status_code == 404


def test_a_connection_takes_tags_is_found_by_them_and_loses_them_with_their_end(user: SandboxUser) -> None:
    tag = new_tag(user).json()
    connection = user.connection(ORDERS)
    path = f"/connections/{connection['connectionId']}"
    changed = user.call("PATCH", path, {"tags": [tag, connection["tags"][0]]}).json()
    assert changed["tags"] == [tag, connection["tags"][0]]
    assert [item["name"] for item in user.get("/connections", tagIds=tag["tagId"])["data"]] == [ORDERS]
    user.call("DELETE", f"/tags/{tag['tagId']}")
    assert user.get(path)["tags"] == connection["tags"]
    assert user.call("PATCH", path, {"tags": []}).json()["tags"] == []


def test_two_tags_of_one_name_are_409(user: SandboxUser) -> None:
    assert new_tag(user).status_code == 200
    assert new_tag(user).status_code == 409
    other = new_tag(user, "other").json()
    renamed = user.call("PATCH", f"/tags/{other['tagId']}", {"name": "urgent", "color": "000000"})
    assert renamed.status_code == 409


@pytest.mark.parametrize(("name", "color"), [("", "000000"), ("x" * 31, "000000"), ("x", "green"), ("x", "")])
def test_a_tag_with_a_bad_name_or_colour_is_400(reader: SandboxUser, name: str, color: str) -> None:
    assert new_tag(reader, name, color).status_code == 400


def test_a_tag_of_another_workspace_is_refused(reader: SandboxUser) -> None:
    foreign = reader.connection("Ad spend to warehouse")["tags"]
    path = f"/connections/{reader.connection(ORDERS)['connectionId']}"
    assert reader.call("PATCH", path, {"tags": foreign}).status_code == 400


@pytest.mark.parametrize("ignore_cache", ["true", "false"])
def test_the_streams_of_a_source_are_a_bare_list(reader: SandboxUser, ignore_cache: str) -> None:
    source = reader.connection(ORDERS)["sourceId"]
    streams = reader.get("/streams", sourceId=source, ignoreCache=ignore_cache)
    assert [stream["streamName"] for stream in streams] == ["orders", "customers"]
    assert streams[0]["defaultCursorField"] == ["updated_at"]
    assert streams[0]["sourceDefinedPrimaryKey"] == [["id"]]
    assert ["amount"] in streams[0]["propertyFields"]
    assert "incremental_deduped_history" in streams[0]["syncModes"]


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 400), ({"sourceId": "mine"}, 400), ({"sourceId": "00000000-0000-4000-8000-000000000000"}, 404)],
)
def test_streams_of_no_source(reader: SandboxUser, query: dict[str, str], status: int) -> None:
    assert reader.call("GET", "/streams", **query).status_code == status
