"""Tags: made, renamed and deleted in a workspace, put on connections by a PATCH of these."""

import re
from dataclasses import replace
from uuid import UUID, uuid4

from airbyte_sandbox.api.answers import Answer, BareError, Call, Problem, bad_request, forbidden, not_found
from airbyte_sandbox.api.fleet_calls import FleetCalls, resource_id
from airbyte_sandbox.api.render import tag_json
from airbyte_sandbox.json_value import JsonObject, as_text
from airbyte_sandbox.model import Tag
from airbyte_sandbox.storage.fleet import FleetStore

_COLOR = re.compile(r"#?[0-9A-Fa-f]{6}")


class TagCalls:
    """Handlers."""

    def __init__(self, calls: FleetCalls, fleet: FleetStore) -> None:
        self._calls = calls
        self._fleet = fleet

    def list_tags(self, call: Call) -> Answer:
        """GET /tags?workspaceIds=: all of them, without pages."""
        return Answer(
            {"data": [tag_json(tag) for tag in self._fleet.tags(self._calls.known_workspaces(call))]}
        )

    def get_tag(self, call: Call) -> Answer:
        """GET /tags/{tagId}."""
        return Answer(tag_json(self._tag(call)))

    def create_tag(self, call: Call) -> Answer:
        """POST /tags {workspaceId, name, color}."""
        body = call.json_object()
        try:
            workspace = self._fleet.workspace(str(UUID(as_text(body.get("workspaceId")))))
        except ValueError:
            raise BareError(400) from None
        if workspace is None:
            raise forbidden()
        return self._kept(Tag(str(uuid4()), workspace.id, _name(body), _color(body)))

    def patch_tag(self, call: Call) -> Answer:
        """PATCH /tags/{tagId} {name, color}."""
        body = call.json_object()
        return self._kept(replace(self._tag(call), name=_name(body), color=_color(body)))

    def delete_tag(self, call: Call) -> Answer:
        """DELETE /tags/{tagId}: its connections lose it."""
        self._fleet.delete_tag(self._tag(call).id)
        return Answer(None, status=204)

    def _tag(self, call: Call) -> Tag:
        identifier = resource_id(call, "tagId")
        tag = self._fleet.tag(identifier)
        if tag is None:
            raise not_found("tag", identifier)
        return tag

    def _kept(self, tag: Tag) -> Answer:
        if not self._fleet.put_tag(tag):
            message = f"A tag named {tag.name} exists in this workspace."
            raise Problem(409, "tag-already-exists", "The tag exists already.", {"message": message})
        return Answer(tag_json(tag))


def _name(body: JsonObject) -> str:
    name = as_text(body.get("name")).strip()
    if not 1 <= len(name) <= 30:  # noqa: PLR2004 - as long as Airbyte allows
        raise bad_request("name must have 1 to 30 characters")
    return name


def _color(body: JsonObject) -> str:
    color = as_text(body.get("color"))
    if not _COLOR.fullmatch(color):
        raise bad_request("color must be a hexadecimal RGB value such as 22C55E")
    return color.removeprefix("#").upper()
