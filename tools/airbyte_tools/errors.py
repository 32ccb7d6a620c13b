"""What a tool can refuse, as one tree.

ToolFailureError
├── InvalidRequestError     the arguments cannot mean anything here
└── FindingError
    ├── NothingFoundError   no object has this id, name or address
    └── AmbiguousError      several objects fit
"""


class ToolFailureError(Exception):
    """A refusal, with what to do next.

    Attributes:
        message: What was refused and why, as a sentence.
        next_step: What the reader can do about it, as a sentence.
    """

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class InvalidRequestError(ToolFailureError):
    """The arguments are well formed, but together they cannot be done."""


class FindingError(ToolFailureError):
    """A reference did not lead to exactly one object."""


class NothingFoundError(FindingError):
    """No object fits the reference."""


class AmbiguousError(FindingError):
    """Several objects fit the reference."""
