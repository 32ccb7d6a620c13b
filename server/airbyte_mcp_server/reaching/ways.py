"""Which ways lead to a person's yes for one plan, given client, policy and settings.

In the order in which they are tried: a form in the client, the client leading
to the approvals page, and where the client can do neither, this computer's own
browser, the approvals page and the terminal, all three at once.
"""

from dataclasses import dataclass

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.verdicts import are_two_people, principal_of
from airbyte_mcp_server.changing.results import on_a_terminal
from airbyte_mcp_server.reaching.asking import Abilities
from airbyte_mcp_server.settings.model import Settings, variable_of
from airbyte_tools.errors import ToolFailureError

SOMEBODY_ELSE = ""
"""A name that no requester has."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How a person can say yes to one plan.

    Attributes:
        form: The client shows a form.
        leading: The client leads the person to `page`.
        page: The plan on the approvals page, if there is one; the address holds no secret.
        browser: This server opens the person's browser on this computer.
        terminal: A yes on a terminal of this machine counts.
    """

    form: bool
    leading: bool
    page: str | None
    browser: bool
    terminal: bool

    @property
    def exist(self) -> bool:
        """Whether anybody can say yes at all."""
        return self.form or self.page is not None or self.browser or self.terminal


def ways_for(plan: Plan, abilities: Abilities, settings: Settings, *, browser: bool) -> Ways:
    """The ways that client, policy and settings leave open for this plan.

    Args:
        plan: With what policy asks for.
        abilities: What the client of this call can do.
        settings: The operator's.
        browser: Whether this process could open the person's browser.
    """
    page = page_link(settings, plan.id) if counts(plan, Evidence.OUT_OF_BAND) else None
    known = settings.transport == "stdio" or principal_of(plan.requester) is not None
    return Ways(
        form=abilities.form and known and counts(plan, Evidence.ELICITED),
        leading=abilities.url and page is not None,
        page=page,
        browser=browser and counts(plan, Evidence.LOCAL_BROWSER),
        terminal=settings.terminal_approvals and counts(plan, Evidence.LOCAL_TERMINAL),
    )


def counts(plan: Plan, evidence: Evidence) -> bool:
    """Whether policy would take this kind of yes for this plan, from the right person.

    A second person proves to be one on the approvals page only, and only to a requester with a name.
    """
    if plan.needs_second_person and not are_two_people(plan.requester, SOMEBODY_ELSE, evidence):
        return False
    return evidence.is_at_least(plan.least_evidence)


def _lacks_a_first_person(plan: Plan) -> bool:
    return plan.needs_second_person and not counts(plan, Evidence.OUT_OF_BAND)


def page_link(settings: Settings, plan_id: str) -> str | None:
    """Where the approvals page shows a plan; whoever opens it has to sign in."""
    if settings.approvals_url is None:
        return None
    return f"{settings.approvals_url.rstrip('/')}/plans/{plan_id}"


def where_to_approve(plan: Plan, ways: Ways) -> str:
    """The places, in words that follow "approve it"; empty where there is none."""
    places: list[str] = []
    if ways.browser:
        places.append("in the browser window that this server has opened on this computer")
    if ways.page is not None:
        places.append(f"at {ways.page}")
    if ways.terminal:
        places.append(on_a_terminal(plan))
    return ", or ".join(places)


class NobodyCanApproveError(ToolFailureError):
    """No way leads to a yes that would count for this plan."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        super().__init__(
            f"Nothing was changed, and nobody can approve it from here: {_why_nobody(plan, settings)}.",
            _what_helps(plan),
        )


def _why_nobody(plan: Plan, settings: Settings) -> str:
    if _lacks_a_first_person(plan):
        return "policy asks for a second person, and nobody has signed in to this server to be the first"
    if not counts(plan, Evidence.LOCAL_TERMINAL):
        return (
            f"policy asks for an approval of the kind {plan.least_evidence}, and there is no way to give one"
        )
    if not settings.terminal_approvals:
        return "this client cannot ask a person, and terminal approvals are switched off"
    return "this client cannot ask a person"


def _what_helps(plan: Plan) -> str:
    if _lacks_a_first_person(plan):
        return "Ask the operator to serve it over HTTP with a token, or to change the policy."
    return (
        "Use a client that supports elicitation, or ask the operator"
        f" ({variable_of('approvals_url')}, {variable_of('terminal_approvals')})."
    )
