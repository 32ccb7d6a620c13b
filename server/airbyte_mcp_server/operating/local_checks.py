"""What can be told of the settings, their files and the policy without asking anybody."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from airbyte_guardrails.policy.loading import PolicyFileError, load_rules
from airbyte_guardrails.policy.reading import suspicions
from airbyte_mcp_server.access.door import door_of
from airbyte_mcp_server.operating.file_rights import may_write, others_may_read
from airbyte_mcp_server.operating.findings import Findings, fail, ok, warn
from airbyte_mcp_server.operators_policy import vocabulary
from airbyte_mcp_server.runtime import utc_now
from airbyte_mcp_server.settings.airbyte import AirbyteSettings
from airbyte_mcp_server.settings.model import LOOPBACK, SECRET_NAMES, Settings, SettingsError, variable_of

RULING_FILES = ("config", "policy_file", "tokens_file")
"""Files whose words decide what is asked about; who writes them decides too."""


def settings_read(settings: Settings) -> Findings:
    """What the settings say together, and what in them is dangerous."""
    mode = "read-only" if settings.read_only else "changes are possible"
    places = [f"{name} at {airbyte.api_url}" for name, airbyte in settings.instances.items()]
    where = "; ".join(places) or f"at {settings.api_url}"
    yield ok("settings", f"They can be used: {settings.transport}, {mode}, Airbyte {where}.")
    if settings.dangerously_allow_model_confirmation:
        yield warn(
            "settings",
            "The model's own word counts as a yes: no human is asked.",
            f"Take {variable_of('dangerously_allow_model_confirmation')} away wherever that matters.",
        )
    if settings.transport != "stdio" and not (
        settings.token or settings.tokens_file or settings.oauth_issuer
    ):
        yield warn(
            "settings",
            "No bearer token is set, so each start makes a new one that clients must be given.",
            f"Set {variable_of('token')} or {variable_of('tokens_file')}.",
        )
    if settings.store is not None and settings.transport == "http" and settings.state_key is None:
        yield warn(
            "settings",
            "The store can be shared by replicas, but without a state key a question or a session belongs to"
            " one of them: the others can neither open nor answer it.",
            f"Give all replicas the same key ({variable_of('state_key')}), unless there is only one.",
        )
    for name, airbyte in settings.airbytes.items():
        if _in_the_clear(airbyte):
            yield warn(
                "settings",
                f"Credentials travel unencrypted to {urlsplit(airbyte.api_url).hostname}.",
                f"Use an https:// address ({settings.key_of(name, 'api_url')}) unless that network is yours"
                " alone.",
            )


def _in_the_clear(airbyte: AirbyteSettings) -> bool:
    parts = urlsplit(airbyte.api_url)
    signs_in = airbyte.client_id or airbyte.secret_access_token or airbyte.username
    return bool(signs_in) and parts.scheme == "http" and parts.hostname not in LOOPBACK


def files(named: Mapping[str, Path]) -> Findings:
    """Who else may write the files that rule, and read the files that hold secrets.

    Args:
        named: Files by the setting that names them; a file of a secret by the secret's name and `_file`, with
            the name of its table before it where it stands in one.
    """
    for setting, path in named.items():
        if setting in RULING_FILES and may_write(path):
            yield warn(
                "files",
                f"{path} ({setting}) can be changed by the user who runs this command, so by an agent with a"
                " shell of theirs.",
                "Run the server as a user who cannot, or give the file and its folder to another user.",
            )
        if setting.rpartition(".")[2].removesuffix("_file") in SECRET_NAMES and others_may_read(path):
            yield warn(
                "files",
                f"{path} ({setting}) can be read by other users of this machine.",
                f"chmod 600 {path}, or chmod 640 with a group of its own.",
            )


def access(settings: Settings) -> Findings:
    """Whether SSE or HTTP would let anybody in whom the settings do not name."""
    if settings.transport == "stdio":
        return
    try:
        door_of(settings, utc_now)
    except SettingsError as error:
        yield fail("access", str(error), "Correct it; until then the server does not start.")
        return
    where = "this machine only" if settings.host in LOOPBACK else ", ".join(settings.allowed_hosts)
    yield ok("access", f"Every request needs a token; reached as {where}.")


def policy(settings: Settings) -> Findings:
    """Whether the policy file can be used, and what in it may not be meant so."""
    if settings.policy_file is None:
        asked = "every change is refused" if settings.read_only else "a person is asked about every change"
        yield ok("policy", f"There is no policy file: {asked}.")
        return
    try:
        rules = load_rules(settings.policy_file, vocabulary(settings))
    except PolicyFileError as error:
        yield fail("policy", str(error), "Correct it; until then the server does not start.")
        return
    yield ok("policy", f"{settings.policy_file} holds {len(rules)} rules that can be used.")
    for suspicion in suspicions(rules):
        yield warn("policy", suspicion, f"airbyte-mcp-server policy check {settings.policy_file}")
