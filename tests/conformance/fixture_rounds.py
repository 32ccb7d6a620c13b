"""The tools that answer with a question first, as the protocol does since 2026-07-28."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolResult,
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    InputResponses,
    ListRootsRequest,
    SamplingMessage,
)

from conformance.fixture_contents import form, text

Reply = CallToolResult | InputRequiredResult


def asks(message: str, **properties: Mapping[str, object]) -> ElicitRequest:
    """A form."""
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=form(**properties)))


def samples(words: str, max_tokens: int = 100) -> CreateMessageRequest:
    """A question to the client's model."""
    message = SamplingMessage(role="user", content=text(words))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


NAME = asks("What is your name?", name={"type": "string"})
CONFIRM = asks("Please confirm", ok={"type": "boolean"})
CONTEXT = asks("What context should the prompt use?", context={"type": "string"})


@dataclass(frozen=True)
class Round:
    """What is asked at once; `state` comes back with the answers."""

    requests: Mapping[str, InputRequest]
    state: str | None = None

    def result(self) -> InputRequiredResult:
        """The question as a result."""
        return InputRequiredResult(input_requests=dict(self.requests), request_state=self.state)

    def is_answered_by(self, responses: InputResponses | None) -> bool:
        """Whether every question has an answer; a form has one only if it came back filled in."""
        given = responses or {}
        return all(_is_answer(request, given.get(key)) for key, request in self.requests.items())


def _is_answer(request: InputRequest, response: object) -> bool:
    if not isinstance(request, ElicitRequest):
        return response is not None
    return isinstance(response, ElicitResult) and (response.action != "accept" or bool(response.content))


ROUNDS: Mapping[str, tuple[Round, ...]] = {
    "test_input_required_result_elicitation": (Round({"user_name": NAME}),),
    "test_input_required_result_sampling": (
        Round({"capital_question": samples("What is the capital of France?")}),
    ),
    "test_input_required_result_list_roots": (Round({"client_roots": ListRootsRequest()}),),
    "test_input_required_result_request_state": (Round({"confirm": CONFIRM}, "confirming"),),
    "test_input_required_result_tampered_state": (Round({"confirm": CONFIRM}, "confirming"),),
    "test_input_required_result_multiple_inputs": (
        Round(
            {
                "user_name": NAME,
                "greeting": samples("Generate a greeting", 50),
                "client_roots": ListRootsRequest(),
            },
            "everything",
        ),
    ),
    "test_input_required_result_multi_round": (
        Round({"step1": asks("Step 1: What is your name?", name={"type": "string"})}, "one"),
        Round({"step2": asks("Step 2: What is your favorite color?", color={"type": "string"})}, "two"),
    ),
    "test_streaming_elicitation": (Round({"user_name": NAME}),),
}


def go_on(name: str, responses: InputResponses | None, state: str | None) -> Reply:
    """The next question of a tool, or what it says when all are answered.

    Raises:
        MCPError: The state belongs to no round of this tool.
    """
    rounds = ROUNDS[name]
    at = next((n for n, one in enumerate(rounds) if one.state == state), 0 if state is None else None)
    if at is None:
        raise MCPError(code=INVALID_PARAMS, message="This state belongs to no round of this tool.")
    if (state is None and rounds[0].state is not None) or not rounds[at].is_answered_by(responses):
        return rounds[at].result()
    if at + 1 < len(rounds):
        return rounds[at + 1].result()
    return CallToolResult(content=[text(f"{'state-ok ' if state else ''}{_told(responses or {})}")])


def _told(responses: InputResponses) -> str:
    return " ".join(response.model_dump_json() for response in responses.values())


def only_what_is_declared(capabilities: ClientCapabilities | None) -> Reply:
    """A question to the model or to the person, whichever the client can pass on."""
    declared = capabilities or ClientCapabilities()
    requests: dict[str, InputRequest] = {}
    if declared.sampling is not None:
        requests["greeting"] = samples("Generate a greeting")
    if declared.elicitation is not None:
        requests["user_name"] = NAME
    return Round(requests).result() if requests else CallToolResult(content=[text("There is nobody to ask.")])
