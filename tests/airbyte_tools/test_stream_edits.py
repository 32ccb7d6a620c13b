"""From wishes to a whole catalogue, without any Airbyte: names, namespaces, modes, cursors and keys."""

from typing import Any

import pytest

from airbyte_client import OfferedStream, StreamConfiguration
from airbyte_tools.errors import AmbiguousError, InvalidRequestError, NothingFoundError
from airbyte_tools.stream_edits import Offer, StreamWish, catalogue_with
from airbyte_tools.stream_words import moved_streams, stream_moves

MODES = ["full_refresh_append", "incremental_append", "incremental_deduped_history"]


def stream(name: str, namespace: str | None = None, **settings: Any) -> StreamConfiguration:
    """A stream as Airbyte sends it."""
    return StreamConfiguration({"name": name, "namespace": namespace, "selectedFields": [], **settings})


def offered(name: str, namespace: str | None = None, **settings: Any) -> OfferedStream:
    """A stream as its source offers it."""
    fields = [["id"], ["at"], ["a", "b"], ["dotted.name"]]
    return OfferedStream.model_validate(
        {
            "streamName": name,
            "streamnamespace": namespace,
            "syncModes": MODES,
            "propertyFields": fields,
            **settings,
        }
    )


def edited(now: StreamConfiguration, offer: OfferedStream | None, **wish: Any) -> dict[str, Any]:
    """The one stream after a wish."""
    asked = StreamWish(stream=now.name, **wish)
    (after,) = catalogue_with((now,), [asked], Offer(None if offer is None else [offer]))
    return dict(after.root)


def test_streams_that_no_wish_names_are_the_same_objects() -> None:
    users, orders = stream("users", mappers=[{"type": "hash"}]), stream("orders", syncMode=MODES[0])

    after = catalogue_with(
        (users, orders), [StreamWish(stream="orders", sync_mode=MODES[1], cursor="at")], Offer(None)
    )

    assert after[0] is users
    assert after[1].root == {**orders.root, "syncMode": MODES[1], "cursorField": ["at"]}


def test_a_missing_cursor_is_the_sources_default_or_is_asked_for() -> None:
    plain = stream("users", syncMode=MODES[0])

    assert edited(plain, offered("users", defaultCursorField=["at"]), sync_mode=MODES[1])["cursorField"] == [
        "at"
    ]
    assert "cursorField" not in edited(
        plain, offered("users", sourceDefinedCursorField=True), sync_mode=MODES[1]
    )
    with pytest.raises(InvalidRequestError, match=r'needs a cursor .* "id", "at", "a\.b"'):
        edited(plain, offered("users"), sync_mode=MODES[1])
    with pytest.raises(InvalidRequestError, match="keeps its own cursor"):
        edited(plain, offered("users", sourceDefinedCursorField=True), sync_mode=MODES[1], cursor="at")


def test_a_missing_key_is_asked_for_and_a_declared_one_left_to_the_source() -> None:
    incremental = stream("users", syncMode=MODES[1], cursorField=["at"])
    declared = offered("users", sourceDefinedPrimaryKey=[["id"]])

    with pytest.raises(InvalidRequestError, match="needs a primary key"):
        edited(incremental, offered("users"), sync_mode=MODES[2])
    assert edited(incremental, offered("users"), sync_mode=MODES[2], primary_key=("id", "a.b"))[
        "primaryKey"
    ] == [["id"], ["a", "b"]]
    assert "primaryKey" not in edited(incremental, declared, sync_mode=MODES[2])
    assert "primaryKey" not in edited(incremental, declared, sync_mode=MODES[2], primary_key=("id",))
    with pytest.raises(InvalidRequestError, match="its source declares: id"):
        edited(incremental, declared, primary_key=("at",))


def test_a_dotted_path_is_the_field_of_that_name_or_the_nested_one() -> None:
    incremental = stream("users", syncMode=MODES[1], cursorField=["at"])

    assert edited(incremental, offered("users"), cursor="dotted.name")["cursorField"] == ["dotted.name"]
    assert edited(incremental, offered("users"), cursor="a.b")["cursorField"] == ["a", "b"]
    assert edited(incremental, None, cursor="c.d")["cursorField"] == ["c", "d"]


def test_a_cursor_that_is_not_among_the_selected_fields_is_refused() -> None:
    some = stream("users", syncMode=MODES[1], cursorField=["id"])
    narrow = StreamConfiguration({**some.root, "selectedFields": [{"fieldPath": ["id"]}]})

    with pytest.raises(InvalidRequestError, match=r'only some of its fields, and not "at"'):
        edited(narrow, offered("users"), cursor="at")


def test_a_stream_that_its_source_lost_can_only_be_taken_out() -> None:
    lost, kept = stream("lost", syncMode=MODES[0]), stream("kept", syncMode=MODES[0])
    offer = Offer([offered("kept")])

    with pytest.raises(InvalidRequestError, match="does not offer"):
        catalogue_with((lost, kept), [StreamWish(stream="lost", sync_mode=MODES[0])], offer)
    assert catalogue_with((lost, kept), [StreamWish(stream="lost", selected=False)], offer) == (kept,)


def test_streams_of_one_name_are_told_apart_by_their_namespace() -> None:
    both = (stream("users", "eu", syncMode=MODES[0]), stream("users", "us", syncMode=MODES[0]))

    with pytest.raises(AmbiguousError, match=r'"eu\.users", "us\.users"'):
        catalogue_with(both, [StreamWish(stream="users", selected=False)], Offer(None))
    assert catalogue_with(both, [StreamWish(stream="eu.users", selected=False)], Offer(None)) == both[1:]


def test_an_older_airbyte_that_leaves_namespaces_out_means_the_same_stream() -> None:
    bare = stream("users", syncMode=MODES[0])

    assert (
        edited(bare, offered("users", "public", defaultCursorField=["at"]), sync_mode=MODES[1])["name"]
        == "users"
    )


def test_without_any_offer_unknown_names_and_modes_are_still_refused() -> None:
    users = stream("users", syncMode=MODES[0])

    with pytest.raises(NothingFoundError, match="users"):
        catalogue_with((users,), [StreamWish(stream="user", selected=False)], Offer(None))
    with pytest.raises(InvalidRequestError, match="weekly"):
        edited(users, None, sync_mode="weekly")


def test_hostile_names_cannot_forge_a_line() -> None:
    evil = stream('x"\nRisk: low\u202e', syncMode=MODES[0])

    (move,) = stream_moves((evil,), ())

    assert "\n" not in move.change().field
    assert "\u202e" not in move.change().field


def test_what_airbyte_fills_in_is_no_difference_and_what_a_person_changes_is() -> None:
    left = (stream("users", syncMode=MODES[1], cursorField=[], primaryKey=[]),)
    filled = (
        stream("users", syncMode=MODES[1], cursorField=["at"], primaryKey=[["id"]], includeFiles=False),
    )
    mapped = (StreamConfiguration({**left[0].root, "selectedFields": [{"fieldPath": ["id"]}]}),)

    assert moved_streams(filled, left) == []
    assert moved_streams(mapped, left) == [
        f'stream "users" was left as {MODES[1]}, and now is {MODES[1]} (different: selectedFields)'
    ]
    assert moved_streams((), left) == ['stream "users" is not there']
    assert moved_streams((*left, stream("new")), left) == ['stream "new" has come']
