"""What the doctor found: one line each, with what to do about it."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum


class Verdict(StrEnum):
    """How bad a finding is; only FAIL keeps the server from working."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class ExitCode(IntEnum):
    """What the command tells a script."""

    FINE = 0
    PROBLEMS = 1
    CANNOT_RUN = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at, one word.
        verdict: How it is.
        message: What was found; names from outside are cleaned.
        next_step: What to do about it; empty where there is nothing to do.
    """

    check: str
    verdict: Verdict
    message: str
    next_step: str = ""


Findings = Iterator[Finding]


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, message)


def warn(check: str, message: str, next_step: str) -> Finding:
    """It works, and it should be otherwise."""
    return Finding(check, Verdict.WARN, message, next_step)


def fail(check: str, message: str, next_step: str) -> Finding:
    """It does not work."""
    return Finding(check, Verdict.FAIL, message, next_step)


def about(name: str, findings: Findings) -> Findings:
    """The findings, each with what it is about before its message."""
    return (replace(finding, message=f"{name}: {finding.message}") for finding in findings)


def worst(findings: Sequence[Finding]) -> Verdict:
    """The worst verdict; OK of nothing."""
    return max((finding.verdict for finding in findings), key=list(Verdict).index, default=Verdict.OK)


def in_words(findings: Sequence[Finding], redact: Callable[[str], str]) -> Iterator[str]:
    """Lines for a person: aligned columns, and below a finding what to do about it."""
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        yield f"{finding.verdict:<4}  {finding.check:<{width}}  {redact(finding.message)}"
        if finding.next_step:
            yield f"{'':<4}  {'':<{width}}  -> {redact(finding.next_step)}"
    counts = ", ".join(f"{_count(findings, verdict)} {verdict}" for verdict in Verdict)
    yield f"\n{counts}."


def as_json(findings: Sequence[Finding], redact: Callable[[str], str]) -> str:
    """The same for a program."""
    rows = [
        {
            "check": finding.check,
            "verdict": finding.verdict,
            "message": redact(finding.message),
            "next_step": redact(finding.next_step),
        }
        for finding in findings
    ]
    return json.dumps({"verdict": worst(findings), "findings": rows}, indent=2, ensure_ascii=False)


def _count(findings: Sequence[Finding], verdict: Verdict) -> int:
    return sum(finding.verdict is verdict for finding in findings)
