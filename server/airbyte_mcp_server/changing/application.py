"""One approved plan that is to be applied, and whether it still is what the person saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from airbyte_client import WriteGate
from airbyte_guardrails.plans import Plan, PlanDraft, Target, difference
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.redaction import plain_without_secrets
from airbyte_tools.tool import AnyMutatingTool, Arguments, NothingToDo, ToolContext, Unanswered
from airbyte_tools.words import plain

if TYPE_CHECKING:
    from airbyte_guardrails.life import PlanBook


@dataclass(frozen=True, kw_only=True)
class Application:
    """One plan about to be applied.

    Attributes:
        plan: The approved plan.
        tool: The tool that made it.
        book: Where it is stored.
        reading: A context whose client changes nothing.
        writing: Makes a context whose client changes what its gate lets through.
    """

    plan: Plan
    tool: AnyMutatingTool
    book: "PlanBook"
    reading: ToolContext
    writing: Callable[[WriteGate], ToolContext]

    @property
    def arguments(self) -> Arguments:
        """The tool's arguments, as the plan has them."""
        return arguments_of(self.tool, self.plan)

    async def what_moved(self) -> tuple[list[str], PlanDraft[Any] | None]:
        """What is different now from what the person saw, in words, and the change as it is planned now.

        None where it cannot be planned any more; then the words say why.

        Raises:
            AirbyteError: Airbyte could not be read.
        """
        return await self._compared(self.arguments, self.plan.targets)

    async def require_unmoved(self, target: Target) -> None:
        """See that this one target is as the person saw it.

        Raises:
            ToolFailureError: It is not.
            AirbyteError: Airbyte could not be read.
        """
        moved, _ = await self._compared(self.tool.only(self.arguments, target), (target,))
        if moved:
            raise ToolFailureError(f"It is no longer as the person saw it: {'; '.join(moved)}.", "")

    async def _compared(
        self, arguments: Arguments, targets: tuple[Target, ...]
    ) -> tuple[list[str], PlanDraft[Any] | None]:
        try:
            draft = await self.tool.plan(self.reading, arguments)
        except ToolFailureError as failure:
            return [plain_without_secrets(failure.message)], None
        if isinstance(draft, NothingToDo):
            return [plain(draft.message)], None
        covered = {target.id: self.plan.covered.get(target.id) for target in targets}
        moved = [plain(sentence) for sentence in difference(covered, draft.covered)]
        return moved, draft


def arguments_of(tool: AnyMutatingTool, plan: Plan) -> Arguments:
    """The tool's arguments, as the plan has them."""
    arguments: Arguments = tool.arguments.model_validate_json(plan.arguments)
    return arguments


def unanswered(
    tool: AnyMutatingTool, plan: Plan, target: Target, baseline: JsonValue
) -> Unanswered[Arguments]:
    """The request that changes one target of the plan, for its tool to find out what became of it."""
    return Unanswered(
        arguments=arguments_of(tool, plan),
        target=target,
        covered=plan.covered.get(target.id),
        baseline=baseline,
    )
