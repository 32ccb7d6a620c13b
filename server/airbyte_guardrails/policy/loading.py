"""Reads the policy file. What is wrong in it stops the start, in a sentence that names the right thing."""

import tomllib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from airbyte_guardrails.policy.rules import Rule, is_address
from airbyte_guardrails.policy.values import nearest
from airbyte_guardrails.policy.windows import Rate, Window

RULES_KEY = "rule"
_INNER: dict[str, type[BaseModel]] = {"window": Window, "rate": Rate}
_TABLES = TypeAdapter(list[dict[str, object]])


class PolicyFileError(Exception):
    """The policy file cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Vocabulary:
    """What rules may name.

    Attributes:
        actions: Every tool that changes something.
        instances: What Airbytes are called here.
    """

    actions: Collection[str]
    instances: Collection[str]


def load_rules(path: Path, known: Vocabulary) -> tuple[Rule, ...]:
    """The rules of a file, in their order.

    Raises:
        PolicyFileError: It cannot be read, is no TOML, or says something unknown or contradictory.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyFileError(f"The policy file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyFileError(f"The policy file {path} is not valid TOML: {error}.") from error
    try:
        rules = tuple(_rule(number, table) for number, table in enumerate(_tables(content), 1))
        for number, rule in enumerate(rules, 1):
            _require_known(_place(number, rule.name), rule, known)
        _require_distinct(rules)
    except ValueError as problem:
        raise PolicyFileError(f"The policy file {path}: {problem}.") from None
    return rules


def _tables(content: dict[str, object]) -> list[dict[str, object]]:
    for key in sorted(content.keys() - {RULES_KEY}):
        raise ValueError(f"{key!r} is no key of it. Did you mean [[{RULES_KEY}]]?")
    try:
        return _TABLES.validate_python(content.get(RULES_KEY, []))
    except ValidationError:
        raise ValueError(f"write each rule under [[{RULES_KEY}]], with two brackets") from None


def _rule(number: int, table: dict[str, object]) -> Rule:
    try:
        return Rule.model_validate(table)
    except ValidationError as error:
        # A mistyped key is worth more than that, without it, the right one is missing.
        problem = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ValueError(f"{_place(number, table.get('name'))}: {_told(problem)}") from None


def _place(number: int, name: object) -> str:
    named = isinstance(name, str) and name.isprintable()
    return f'rule {number} "{name}"' if named else f"rule {number}"


def _told(problem: ErrorDetails) -> str:
    """One of pydantic's problems in words: the key as it stands in the file, and what is wrong with it."""
    *tables, key = [part for part in problem["loc"] if isinstance(part, str)] or [""]
    model = _INNER.get(tables[0], Rule) if tables else Rule
    match problem["type"]:
        case "extra_forbidden":
            keys = [field.alias or name for name, field in model.model_fields.items()]
            return f"{key!r} is no key of a {_noun(model)}. Did you mean {nearest(key, keys)!r}?"
        case "missing":
            return f"{key!r} is missing in the {_noun(model)}"
        case _:
            message = problem["msg"].removeprefix("Value error, ")
            return f"{'.'.join([*tables, key])}: {message[:1].lower()}{message[1:]}".removeprefix(": ")


def _noun(model: type[BaseModel]) -> str:
    return model.__name__.lower()


def _require_known(place: str, rule: Rule, known: Vocabulary) -> None:
    for action in rule.action:
        if action not in known.actions:
            raise ValueError(
                f"{place}: action: {action!r} is no tool that changes something."
                f" Did you mean {nearest(action, known.actions)!r}?"
            )
    for instance in rule.instance:
        if instance not in known.instances and not is_address(instance):
            raise ValueError(
                f"{place}: instance: {instance!r} is no Airbyte that is known here."
                f" Did you mean {nearest(instance, known.instances)!r}? A web address will do, too"
            )


def _require_distinct(rules: tuple[Rule, ...]) -> None:
    for name, count in Counter(rule.name for rule in rules).items():
        if count > 1:
            raise ValueError(
                f'{count} rules are called "{name}"; answers and records could not tell them apart'
            )
