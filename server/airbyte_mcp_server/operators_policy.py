"""The guardrails' policy as the operator's settings and policy file make it."""

import hashlib
from typing import TYPE_CHECKING

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import canonical_json
from airbyte_guardrails.policy import Policy
from airbyte_mcp_server.settings.airbyte import AIRBYTE_SECRETS, DEFAULT_INSTANCE, SANDBOX_INSTANCE
from airbyte_mcp_server.settings.model import SECRET_NAMES, Settings, SettingsError
from airbyte_mcp_server.tool_sets import CHANGING, TOOL_SETS, tools_hidden

if TYPE_CHECKING:
    from airbyte_guardrails.policy.loading import Vocabulary
    from airbyte_guardrails.policy.rules import Rule


LISTENING = frozenset({"host", "port", "approvals_host", "approvals_port"})


def policy_of(settings: Settings) -> Policy:
    """The upper bound that the settings put on changes, and the rules of the policy file.

    Raises:
        SettingsError: The policy file cannot be used.
    """
    return Policy(
        read_only=settings.read_only,
        least_evidence=_least_evidence(settings),
        offered=CHANGING - tools_hidden(settings),
        rules=_rules(settings),
    )


def settings_digest(settings: Settings) -> str:
    """SHA-256 of all settings that are no secrets, as 64 hexadecimal digits.

    Where a process listens decides nothing about changes, and replicas differ in it: that is left out.
    """
    unsaid = dict.fromkeys(SECRET_NAMES | LISTENING, True)
    within = {name: set(AIRBYTE_SECRETS) for name in settings.instances}
    told = settings.model_dump(mode="json", exclude=unsaid | {"instances": within})
    return hashlib.sha256(canonical_json(told).encode()).hexdigest()


def vocabulary(settings: Settings) -> "Vocabulary":
    """What rules may name here."""
    from airbyte_guardrails.policy.loading import Vocabulary  # noqa: PLC0415 - only a policy file needs it

    return Vocabulary(actions=TOOL_SETS.keys(), instances=known_instances(settings))


def known_instances(settings: Settings) -> tuple[str, ...]:
    """The names of Airbytes; `--sandbox` puts its own in the place of one that has no name."""
    unnamed = (DEFAULT_INSTANCE, SANDBOX_INSTANCE)
    named = tuple(name for name in settings.airbytes if name not in unnamed)
    return (*settings.airbytes, SANDBOX_INSTANCE) if named else unnamed


def _rules(settings: Settings) -> "tuple[Rule, ...]":
    if settings.policy_file is None:
        return ()
    from airbyte_guardrails.policy.loading import PolicyFileError, load_rules  # noqa: PLC0415 - as above

    try:
        return load_rules(settings.policy_file, vocabulary(settings))
    except PolicyFileError as error:
        raise SettingsError(str(error)) from error


def _least_evidence(settings: Settings) -> Evidence:
    if settings.dangerously_allow_model_confirmation:
        return Evidence.MODEL_ASSERTED
    return Evidence.LOCAL_TERMINAL if settings.terminal_approvals else Evidence.ELICITED
