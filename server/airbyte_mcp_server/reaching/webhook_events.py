"""What the webhook is told about a plan: as plain JSON, or as a message for Slack.

Names come from Airbyte and may be hostile. In JSON they are values; in Slack's
markup they stand escaped inside code spans, where nothing is a mention, a link
or a format.
"""

from dataclasses import dataclass
from itertools import accumulate

from pydantic import JsonValue

from airbyte_guardrails.audit import Head
from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.timestamps import to_text
from airbyte_guardrails.wording import HEADLINES, NAME_LIMIT, VALUE_LIMIT, clean

TARGETS_ROOM = 1_500
"""Characters: Slack takes 3,000 in a section, and escaping may make five of one."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A plan that waits, was decided, or has come to its end.

    Attributes:
        plan: The plan as it is now.
        link: Where a person can see it, without any secret; None where there is no approvals page.
        approver: Who decided, if that is what happened.
        evidence: What kind of decision it was.
        head: The newest record of the audit, so that somebody outside has it on record.
    """

    plan: Plan
    link: str | None
    approver: str = ""
    evidence: Evidence | None = None
    head: Head | None = None

    @property
    def name(self) -> str:
        """`plan.waiting`, or `plan.` and the state that it reached."""
        return "plan.waiting" if self.plan.state is PlanState.PROPOSED else f"plan.{self.plan.state}"


def generic(event: Event) -> dict[str, JsonValue]:
    """The event as JSON; what is not known is null."""
    plan = event.plan
    return {
        "event": event.name,
        "plan_id": plan.id,
        "action": plan.action,
        "summary": clean(plan.summary, VALUE_LIMIT),
        "instance": {"name": plan.instance.name, "address": plan.instance.address},
        "targets": [{"id": target.id, "name": clean(target.name, NAME_LIMIT)} for target in plan.targets],
        "risk": plan.risk.value,
        "requester": plan.requester,
        "approve_by": to_text(plan.approve_by),
        "link": event.link,
        "approver": event.approver or None,
        "evidence": event.evidence.value if event.evidence else None,
        "note": clean(plan.closing_note, VALUE_LIMIT) or None,
        "outcomes": [
            {
                "id": outcome.target_id,
                "status": outcome.status.value,
                "message": clean(outcome.message, VALUE_LIMIT),
                "job_id": outcome.job_id,
            }
            for outcome in plan.outcomes
        ],
        "audit_head": None if event.head is None else {"number": event.head.number, "hash": event.head.hash},
    }


def slack(event: Event) -> dict[str, JsonValue]:
    """The event as Slack's Block Kit; the text of notifications holds only words of ours."""
    waits = event.plan.state is PlanState.PROPOSED
    headline = "A change waits for a person" if waits else HEADLINES[event.plan.state]
    blocks: list[JsonValue] = [_section("\n".join(_lines(event, headline)))]
    if event.head is not None:
        head = f"audit head {event.head.number}:{event.head.hash}"
        blocks.append({"type": "context", "elements": [_markup(code(head))]})
    return {"text": headline, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def code(text: str, limit: int = NAME_LIMIT) -> str:
    """Foreign text as a code span that it cannot close and in which nothing has a meaning."""
    inside = clean(text, limit).replace("`", "'") or " "
    return f"`{_escaped(inside)}`"


def _lines(event: Event, headline: str) -> list[str]:
    plan = event.plan
    about = f"action {code(plan.action)}, risk {plan.risk}, asked by {code(plan.requester)}"
    lines = [
        f"*{headline}*: {code(plan.summary, VALUE_LIMIT)}",
        f"Airbyte {code(plan.instance.name)}, {about}",
    ]
    lines += _targets(plan)
    if event.approver:
        lines.append(f"Decided by {code(event.approver)}")
    if plan.state is PlanState.PROPOSED:
        lines.append(f"To be decided until {plan.approve_by:%H:%M:%S} UTC.")
    if event.link is not None:
        lines.append(f"<{_escaped(event.link)}|Open the plan>")
    return lines


def _targets(plan: Plan) -> list[str]:
    """A line for each target, as far as there is room for them."""
    lines = [f"• {code(target.name)}" for target in plan.targets]
    ends = list(accumulate(len(line) + 1 for line in lines))
    shown = sum(end <= TARGETS_ROOM for end in ends)
    more = [f"• and {len(lines) - shown} more"] if shown < len(lines) else []
    return lines[:shown] + more


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, JsonValue]:
    return {"type": "section", "text": _markup(text)}


def _markup(text: str) -> dict[str, JsonValue]:
    # verbatim: Slack makes no links or mentions of its own out of the text.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
