"""A rule as the policy file states it, and what makes one nonsense."""

import re
from collections.abc import Iterator
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictStr, model_validator

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.policy.values import Table, chosen, listed
from airbyte_guardrails.policy.windows import Rate, Window
from airbyte_guardrails.verdicts import OAUTH_PREFIX, TOKEN_PREFIX, Answer

ValueT = TypeVar("ValueT")
OneOrMore = Annotated[tuple[ValueT, ...], BeforeValidator(listed)]

LONGEST_NAME = 60
OUTSIDE_KEYS = ("connection_name", "tag", "client")
"""Conditions on what others can choose; they can only tighten."""
TRUSTED_KEYS = ("action", "instance", "workspace", "connection", "principal")
_OUTSIDE = "connection_name, tag and client"

_ACCEPTABLE = (Evidence.OUT_OF_BAND, Evidence.LOCAL_BROWSER, Evidence.ELICITED, Evidence.LOCAL_TERMINAL)


def _identity(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError(
            f"{value!r} is no id such as 5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6;"
            " a name can be given only as connection_name, which can only tighten"
        ) from None


def _principal(value: str) -> str:
    if not re.fullmatch(f"({TOKEN_PREFIX}|{OAUTH_PREFIX})" + r"\S+", value):
        raise ValueError(
            f"{value!r} is no signed-in requester; the audit shows them as token:NAME or oauth:NAME"
            " (whoever speaks stdio is not signed in, and no rule can name them)"
        )
    return value


def _named(value: str) -> str:
    if not value.isprintable() or not value.strip() or len(value) > LONGEST_NAME:
        raise ValueError(f"a rule's name is 1 to {LONGEST_NAME} printable characters")
    return value


def _evidence(value: object) -> Evidence:
    names = [kind.value for kind in _ACCEPTABLE]
    if value in set(Evidence) - set(_ACCEPTABLE):
        raise ValueError(f"no rule can ask for {value}; it takes {', '.join(names)}")
    return chosen(Evidence, value)


class Rule(Table):
    """One `[[rule]]`. Every condition that is left out fits anything; lists fit any of their values.

    Attributes:
        name: What answers and records call it; unique in its file.
        answer: Allow, confirm or deny.
        action: Names of tools that change something.
        instance: Names or web addresses of Airbytes.
        workspace, connection: Ids.
        principal: Signed-in requesters, as the audit shows them.
        connection_name: Patterns such as `*prod*`, in any case.
        tag: Names of tags, in any case.
        client: Patterns of what the requester's program calls itself, in any case.
        window: When the answer can be had; at any other time the rule denies.
        rate: How often; beyond that the rule denies.
        least_evidence: The weakest kind of yes that counts.
        second_person: Whether approver and requester must be two people, the approver signed in.
        high_risk: Whether an allow holds for high risk too; without it such a change is asked about.
        shadow: Only say what the rule would have done.
    """

    name: Annotated[StrictStr, AfterValidator(_named)]
    answer: Annotated[Answer, BeforeValidator(lambda value: chosen(Answer, value))]
    action: OneOrMore[StrictStr] = ()
    instance: OneOrMore[StrictStr] = ()
    workspace: OneOrMore[Annotated[StrictStr, AfterValidator(_identity)]] = ()
    connection: OneOrMore[Annotated[StrictStr, AfterValidator(_identity)]] = ()
    principal: OneOrMore[Annotated[StrictStr, AfterValidator(_principal)]] = ()
    connection_name: OneOrMore[Annotated[StrictStr, Field(min_length=1)]] = ()
    tag: OneOrMore[Annotated[StrictStr, Field(min_length=1)]] = ()
    client: OneOrMore[Annotated[StrictStr, Field(min_length=1)]] = ()
    window: OneOrMore[Window] = ()
    rate: OneOrMore[Rate] = ()
    least_evidence: Annotated[Evidence, BeforeValidator(_evidence)] | None = None
    second_person: StrictBool = False
    high_risk: StrictBool = False
    shadow: StrictBool = False

    @property
    def names_outside_things(self) -> bool:
        """Whether it depends on something that others can choose."""
        return any(getattr(self, key) for key in OUTSIDE_KEYS)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for nonsense in _nonsense(self):
            raise ValueError(nonsense)
        return self


def _nonsense(rule: Rule) -> Iterator[str]:
    """What contradicts itself in a rule, a sentence each."""
    allows, confirms = rule.answer is Answer.ALLOW, rule.answer is Answer.CONFIRM
    if allows and rule.names_outside_things:
        yield f"{_OUTSIDE} come from outside: they can only tighten, so a rule with them cannot allow"
    if allows and not rule.action:
        yield 'an allow names the actions that it allows, such as action = "trigger_sync"'
    if rule.high_risk and not allows:
        yield 'high_risk belongs to answer = "allow"'
    if (rule.least_evidence or rule.second_person) and not confirms:
        yield 'least_evidence and second_person belong to answer = "confirm"'
    if (rule.window or rule.rate) and rule.answer is Answer.DENY:
        yield (
            "a deny with a window or a rate would deny always, because a closed window and a used-up rate"
            ' deny by themselves; say with answer = "confirm" when or how often it may be done'
        )
    if rule.second_person and rule.least_evidence not in (None, Evidence.OUT_OF_BAND):
        yield "a second person has to sign in, which is out_of_band; leave least_evidence out"


def is_address(instance: str) -> bool:
    """Whether a rule's instance is a web address, not a name."""
    try:
        return bool(_place(instance))
    except ValueError:  # a port that is no number
        return False


def is_same_place(wanted: str, address: str) -> bool:
    """Whether an API's address is at this scheme, host and port, and below this path if there is one."""
    path, below = urlsplit(wanted).path.rstrip("/"), urlsplit(address).path.rstrip("/")
    return _place(wanted) == _place(address) and f"{below}/".startswith(f"{path}/")


def _place(address: str) -> tuple[str, str, int] | None:
    parts = urlsplit(address)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.scheme, parts.hostname, parts.port or usual) if usual and parts.hostname else None
