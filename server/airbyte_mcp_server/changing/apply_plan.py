"""`apply_plan`, dispatch's own tool: its public face. What it does is in `dispatch` and `applying`."""

from airbyte_tools.answers import ChangeResult
from airbyte_tools.plans import PlanArguments
from airbyte_tools.tool import Hints, Tool

APPLY_PLAN = Tool(
    name="apply_plan",
    title="Apply an approved plan",
    description=(
        "Carries out a plan that a person has approved outside this chat. It cannot approve."
        " Asked again, it returns the first outcome."
    ),
    arguments=PlanArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=True),
)
