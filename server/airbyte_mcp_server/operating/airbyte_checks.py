"""Whether Airbyte can be reached and read with these settings. Nothing here changes anything in it."""

from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus

from airbyte_client import (
    AirbyteClient,
    AirbyteError,
    ApiError,
    AuthenticationError,
    BasicAuth,
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    NotAirbyteError,
    NotFoundError,
    PermissionDeniedError,
    RetryPolicy,
    TransportError,
    closed_gate,
)
from airbyte_client.auth import Auth
from airbyte_client.text import clean
from airbyte_mcp_server.instances.airbytes import auth_of
from airbyte_mcp_server.operating.answers_seen import AnswersSeen, seconds_left_of
from airbyte_mcp_server.operating.findings import Finding, Findings, fail, ok, warn
from airbyte_mcp_server.settings.airbyte import AirbyteSettings

REQUEST_SECONDS = 8.0
SKEW_ALLOWED_SECONDS = 5.0
SECONDS_OF_A_MINUTE = 60

KeyOf = Callable[[str], str]
"""How the operator sets something of this Airbyte."""


def airbyte(settings: AirbyteSettings, key_of: KeyOf) -> Findings:
    """Reachability, base URL, token, rights, dialect and clock, as far as each can be told."""
    seen = AnswersSeen()
    try:
        auth = auth_of(settings)
        client = AirbyteClient(
            settings.api_url,
            auth=auth,
            write_gate=closed_gate,
            connect_timeout=REQUEST_SECONDS,
            timeout=REQUEST_SECONDS,
            retries=RetryPolicy(attempts=1),
            ca_bundle=settings.ca_bundle,
            observer=seen,
        )
    except ConfigurationError as error:
        yield fail("base url", error.message, error.next_step)
        return
    with closing(client):
        refusal = _refusal(lambda: next(client.iter_workspaces(), None))
        yield from _contact(client.base_url, refusal, seen, key_of)
        if refusal is None or isinstance(refusal, PermissionDeniedError):
            yield _token(auth, seen, key_of)
            yield from _rights(client, settings.workspace_id, refusal, key_of)
            yield from _reasons(client)
            yield _dialect(seen)
        yield from _clock(seen)


def _contact(base_url: str, refusal: AirbyteError | None, seen: AnswersSeen, key_of: KeyOf) -> Findings:
    """What the first request of all says of the way to Airbyte."""
    reached = ok("reachable", f"{base_url} answers.")
    match refusal:
        case None | PermissionDeniedError():
            yield reached
            yield ok("base url", "Airbyte's API answers there.")
        case AuthenticationError():
            yield reached
            yield ok("base url", "An API answers there and asks for credentials.")
            told = f"The credentials are refused: {refusal.message}"
            yield fail("token", told, _how_to_sign_in(refusal, key_of))
        case NotAirbyteError():
            yield reached
            yield fail("base url", refusal.message, refusal.next_step)
        case NotFoundError():
            yield reached
            yield fail(
                "base url",
                f"Something answers there, but not as Airbyte's API: {refusal.message}",
                f"Set {key_of('api_url')} to the API's own address; it usually ends in /api/public/v1.",
            )
        case ApiError():
            yield fail(
                "reachable",
                f"Airbyte answers with an error (HTTP {refusal.status}): {refusal.message}",
                refusal.next_step or "Look at Airbyte's own log.",
            )
        case TransportError() if seen.any_answer:
            yield reached
            yield fail("base url", refusal.message, refusal.next_step)
        case _:
            yield fail("reachable", refusal.message, refusal.next_step)


def _how_to_sign_in(refusal: AirbyteError, key_of: KeyOf) -> str:
    return refusal.next_step or (
        f"Check {key_of('client_id')} and {key_of('client_secret')}; in Airbyte they are made under"
        " Settings, Applications."
    )


def _token(auth: Auth, seen: AnswersSeen, key_of: KeyOf) -> Finding:
    match auth:
        case ClientCredentials():
            left = seen.token_seconds
            lives = "Airbyte does not say how long it lives" if left is None else f"it lives {_minutes(left)}"
            return ok("token", f"A token can be fetched; {lives}, and it is renewed by itself.")
        case BearerToken():
            left = seconds_left_of(auth.token)
            ends = "when it ends cannot be seen" if left is None else f"it ends in {_minutes(left)}"
            lasting = f"Use an application instead: {key_of('client_id')} and {key_of('client_secret')}."
            return warn("token", f"The token is accepted; {ends}, and it cannot be renewed.", lasting)
        case BasicAuth():
            return ok("token", "User name and password are accepted.")
        case _:
            return ok("token", "No credentials are set, and Airbyte asks for none.")


def _minutes(seconds: float) -> str:
    return (
        f"{seconds / SECONDS_OF_A_MINUTE:.0f} min" if seconds >= SECONDS_OF_A_MINUTE else f"{seconds:.0f} s"
    )


def _rights(
    client: AirbyteClient, workspace_id: str | None, refusal: AirbyteError | None, key_of: KeyOf
) -> Findings:
    """Which reads are refused. Whether a change is shows only when one is made, so that is said."""
    probes: dict[str, Callable[[], object]] = {
        "connections": lambda: next(client.iter_connections(workspace_id), None),
        "jobs": lambda: next(client.iter_jobs(workspace_id=workspace_id, limit=1), None),
        "sources": lambda: next(client.iter_sources(workspace_id), None),
        "destinations": lambda: next(client.iter_destinations(workspace_id), None),
    }
    if workspace_id is not None:
        probes = {f"workspace {clean(workspace_id)}": lambda: client.get_workspace(workspace_id)} | probes
    refusals = {"workspaces": refusal} | {what: _refusal(probe) for what, probe in probes.items()}
    refused = [f"{what} ({_briefly(error)})" for what, error in refusals.items() if error is not None]
    if refused:
        yield fail(
            "rights",
            f"Airbyte does not let these credentials read: {'; '.join(refused)}.",
            "Give the application's user at least the reader's role in the workspace"
            f", and check {key_of('workspace_id')}.",
        )
        return
    yield ok(
        "rights",
        f"{', '.join(refusals)}: all can be read. Whether changes are allowed is not tried; Airbyte asks for"
        " a runner's role for syncs and an editor's for the rest.",
    )
    if next(client.iter_workspaces(), None) is None:
        yield warn(
            "rights",
            "The credentials see no workspace.",
            "Give the application's user a role in a workspace.",
        )


def _reasons(client: AirbyteClient) -> Findings:
    """Whether Airbyte tells why a job failed, which only its Config API does."""
    try:
        newest = next(client.iter_jobs(limit=1), None)
        details = None if newest is None else client.explain_job(newest.job_id)
    except AirbyteError:
        return
    if details is not None and not details.available:
        yield warn(
            "reasons",
            f"Why a job failed is not told here: {details.why_not}",
            "Answers will say where to look instead. On a self-managed Airbyte, let /api/v1 through.",
        )
    elif details is not None:
        yield ok("reasons", "Why a job failed, and its log, can be asked for.")


def _dialect(seen: AnswersSeen) -> Finding:
    if seen.dialect is None:
        return ok("dialect", "Nothing is in there yet by which to tell how this Airbyte writes its answers.")
    return ok("dialect", f"Its answers are written in the {seen.dialect} dialect.")


def _clock(seen: AnswersSeen) -> Findings:
    if seen.skew is None:
        if seen.any_answer:
            yield ok("clock", "Airbyte's answers name no time, so the clocks are not compared.")
        return
    if abs(seen.skew) <= SKEW_ALLOWED_SECONDS:
        yield ok("clock", f"This machine and Airbyte agree to within {SKEW_ALLOWED_SECONDS:g} s.")
        return
    direction = "behind" if seen.skew > 0 else "ahead of"
    yield warn(
        "clock",
        f"This machine's clock is {abs(seen.skew):.0f} s {direction} Airbyte's.",
        "Synchronise both (NTP): times in answers, plans and audit would be off by as much.",
    )


def _refusal(probe: Callable[[], object]) -> AirbyteError | None:
    try:
        probe()
    except AirbyteError as error:
        return error
    return None


def _briefly(error: AirbyteError) -> str:
    if isinstance(error, ApiError):
        return (
            f"{error.status} {HTTPStatus(error.status).phrase}"
            if error.status in set(HTTPStatus)
            else str(error.status)
        )
    return error.message
