"""What a browser posts, read in bounds: one kind, a few fields, each once, not too long, not too slowly."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MOST_BYTES = 16_384
MOST_FIELDS = 20
SECONDS = 10
_KIND = "application/x-www-form-urlencoded"


class Form:
    """The fields of one form; a field that was not sent is empty."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._fields = dict(pairs)
        if len(self._fields) != len(pairs):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "The form has a field twice.")

    def text(self, name: str) -> str:
        """What was sent in a field."""
        return self._fields.get(name, "")


async def form_of(request: Request) -> Form:
    """The form in a request.

    Raises:
        HTTPException: It is no form, too long, too slow, or broken; the detail says so in a sentence.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Only a form can be posted here.")
    try:
        with anyio.fail_after(SECONDS):
            body = await _body(request)
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except TimeoutError as error:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "The form did not arrive in time.") from error
    except (ValueError, ClientDisconnect) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The form cannot be read.") from error
    return Form(pairs)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too long.")
    return bytes(body)
