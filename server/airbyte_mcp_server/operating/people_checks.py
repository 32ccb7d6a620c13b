"""How a person would be reached with these settings, by what the server itself decides with."""

from datetime import UTC, datetime

from pydantic import BaseModel

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Instance, Plan, PlanDraft, Risk, Target, plan_of
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.policy.deciding import verdict_on
from airbyte_guardrails.policy.rules import Rule
from airbyte_guardrails.verdicts import SHARED_TOKEN_PREFIX, TOKEN_PREFIX, Answer
from airbyte_mcp_server.operating.findings import Findings, ok, warn
from airbyte_mcp_server.operators_policy import policy_of
from airbyte_mcp_server.reaching.asking import MODERN_SINCE, Abilities
from airbyte_mcp_server.reaching.opening import browser_here
from airbyte_mcp_server.reaching.ways import NobodyCanApproveError, ways_for, where_to_approve
from airbyte_mcp_server.settings.model import Settings, SettingsError, variable_of

FORM, ADDRESS, NEITHER = Abilities(form=True), Abilities(url=True), Abilities()
EXAMPLE = "PLAN"
"""Stands in addresses and commands where a plan's id would."""


def people(settings: Settings) -> Findings:
    """Which ways lead to a person's yes, for clients that can ask and for those that cannot."""
    try:
        policy = policy_of(settings)
    except SettingsError:
        return  # the policy's own finding says it
    if not policy.offered:
        yield ok("people", "Nobody needs to be reached: every change is refused.")
        return
    browser = settings.transport == "stdio" and browser_here(settings.open_browser)
    plan = _example(settings, policy)
    yield from _clients_that_ask(plan, settings, browser=browser)
    yield from _any_other_client(plan, settings, browser=browser)
    for rule in policy.rules:
        if rule.answer is Answer.CONFIRM and not rule.shadow:
            yield from _asked_in_vain(rule, _example(settings, policy, rule), settings, browser=browser)


def _clients_that_ask(plan: Plan, settings: Settings, *, browser: bool) -> Findings:
    # Between requests of older protocols only a session could carry the question.
    aged = f" of MCP {MODERN_SINCE} or later" if settings.has_replicas else ""
    if ways_for(plan, FORM, settings, browser=browser).form:
        yield ok("people", f"A client{aged} that shows forms asks its person in one.")
    leading = ways_for(plan, ADDRESS, settings, browser=browser)
    if leading.leading:
        yield ok("people", f"A client{aged} that only opens addresses leads its person to {leading.page}.")


def _any_other_client(plan: Plan, settings: Settings, *, browser: bool) -> Findings:
    ways = ways_for(plan, NEITHER, settings, browser=browser)
    if ways.exist:
        yield ok(
            "people",
            f"A change that any other client asks for waits; approve it {where_to_approve(plan, ways)}.",
        )
    elif plan.least_evidence is Evidence.MODEL_ASSERTED:
        yield ok("people", "Through any other client nobody is asked: the model's own word counts.")
    else:
        told = NobodyCanApproveError(plan, settings).message
        yield warn(
            "people",
            f'Any other client reaches nobody, and is told: "{told}"',
            f"Set up the approvals page ({variable_of('approvals_url')}) or allow terminals"
            f" ({variable_of('terminal_approvals')}).",
        )


def _asked_in_vain(rule: Rule, plan: Plan, settings: Settings, *, browser: bool) -> Findings:
    """That whatever a rule asks a person about, no client at all reaches one."""
    kinds = (FORM, ADDRESS, NEITHER)
    if plan.verdict.answer is Answer.DENY:
        told = plan.verdict.because
    elif not any(ways_for(plan, kind, settings, browser=browser).exist for kind in kinds):
        told = NobodyCanApproveError(plan, settings).message
    else:
        return
    yield warn(
        "people",
        f'What the policy rule "{rule.name}" asks about is never approved; the answer is: "{told}"',
        f"Change the rule, or open a way that is enough for it, such as the approvals page"
        f" ({variable_of('approvals_url')}).",
    )


class _NoArguments(BaseModel):
    """An example needs none."""


def _example(settings: Settings, policy: Policy, rule: Rule | None = None) -> Plan:
    """A plan as somebody could ask for it here, ruled on as if this rule, or none, spoke of it."""
    now = datetime.now(UTC)
    draft = PlanDraft[_NoArguments](
        arguments=_NoArguments(),
        summary="An example",
        targets=(Target(kind="connection", id=EXAMPLE, name=EXAMPLE),),
        risk=Risk.LOW,
        covered={},
    )
    plan = plan_of(
        "trigger_sync",
        Instance(name=EXAMPLE, address=settings.api_url),
        _requester(settings),
        draft,
        client=None,
        now=now,
        approve_by=now,
    )
    rules = () if rule is None else (_about_everything(rule),)
    verdict = verdict_on(rules, plan, policy.least_evidence, now, lambda _since: ())
    return plan.model_copy(update={"id": EXAMPLE, "verdict": verdict})


def _requester(settings: Settings) -> str:
    """Who could ask; of several kinds, the one from whom a second person can best be told apart."""
    if settings.transport == "stdio":
        return f"session:{EXAMPLE}"
    return (TOKEN_PREFIX if settings.tokens_file else SHARED_TOKEN_PREFIX) + EXAMPLE


def _about_everything(rule: Rule) -> Rule:
    """What a rule asks for, whatever it is asked about and whenever."""
    return Rule(
        name=rule.name,
        answer=rule.answer,
        least_evidence=rule.least_evidence,
        second_person=rule.second_person,
    )
