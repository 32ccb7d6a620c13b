"""The curl examples of the reference document, and the responses that it shows for them.

The rule by which an example becomes a request, and its response a shape:

1. The shell around ``curl`` is taken off: an assignment, ``watch "..."`` with its escapes, a pipe into ``jq``.
2. The host becomes that of the sandbox.
3. Ids become ids of the sandbox: of the demo's workspace, of a connection with a basic schedule, its source,
   its destination, and a job of it. ``<ID>`` is that connection; ``<JOB_ID>``, ``$JOB_ID`` and 123 that job.
4. ``$AIRBYTE_SECRET_ACCESS_TOKEN`` becomes a token, ``$MODIFIED_CONFIG`` what the example's first step got.
5. An example without a response in its section has that of the same call in another section, else that of a
   GET of the same path, else an item of the list of its resource.
6. Elided parts: comments in JSON are left out; a ``configuration`` is the connector's, any object; a list has
   ``previous`` and ``next`` even where its example leaves them out, for "Response Pagination" shows both.
7. A list may have more items than the one that is shown; a schedule of another type than the shown one has
   its own fields.
"""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

Fields: TypeAlias = dict[str, Any]

DOCUMENT = Path(__file__).parent / "airbyte_sandbox" / "reference_document.md"
HOST = "http://localhost:8000/api/public/v1"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORMS = (
    ("uuid", _UUID),
    ("milliseconds", re.compile(r"\d{13}")),
    ("number", re.compile(r"\d+")),
    ("link or nothing", re.compile(r"https?://\S*|")),
    ("timing", re.compile(r"every_\d+_(minute|hour|day|week|month)s?")),
)
_WORDS = {
    "status": {"pending", "running", "succeeded", "failed", "cancelled", "active", "inactive"},
    "jobType": {"sync", "reset", "clear"},
    "syncMode": {
        "full_refresh_overwrite",
        "full_refresh_append",
        "incremental_append",
        "incremental_deduped_history",
    },
}


@dataclass(frozen=True)
class Example:
    """One curl command: what it sends, and the response that the document shows for it."""

    section: str
    method: str
    url: str
    headers: dict[str, str]
    body: str | None
    response: Any = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return f"{self.section}: {self.method} {self.url.removeprefix(HOST)}"

    @property
    def resource(self) -> str:
        """The path with its id left open: "jobs", "jobs/ID"."""
        parts = self.url.removeprefix(HOST).partition("?")[0].strip("/").split("/")
        return "/".join([parts[0], *("ID" for _ in parts[1:])])


def examples() -> list[Example]:
    """Every curl command of the document with the response it is held against."""
    found = list(_examples(DOCUMENT.read_text(encoding="utf-8")))
    shown = {(item.method, item.resource): item.response for item in reversed(found) if item.response}
    return [Example(**{**vars(item), "response": item.response or _borrowed(item, shown)}) for item in found]


def _borrowed(item: Example, shown: dict[tuple[str, str], Any]) -> Any:
    for method in (item.method, "GET"):
        if (method, item.resource) in shown:
            return shown[method, item.resource]
    return shown["GET", item.resource.partition("/")[0]]["data"][0]


def _examples(text: str) -> Iterator[Example]:
    for section in re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE):
        title = section.partition("\n")[0].strip("# ")
        response = re.search(r"\*\*Response:\*\*\n```json\n(.*?)```", section, re.DOTALL)
        parsed = json.loads(re.sub(r",?\n\s*//.*", "", response[1])) if response else None
        for block in re.findall(r"```bash\n(.*?)```", section, re.DOTALL):
            for command in _curl_commands(block):
                yield _example(title, command, parsed)


def _curl_commands(block: str) -> Iterator[list[str]]:
    """The words of each curl command, up to the end of its line, a pipe or a bracket."""
    watched = re.sub(
        r'watch -n \d+ "((?:[^"\\]|\\.)*)"',
        lambda match: re.sub(r"\\(.)", r"\1", match[1]),
        block.replace("\\\n", " "),
        flags=re.DOTALL,
    )
    for start in re.finditer(r"\bcurl\b", watched):
        lexer = shlex.shlex(watched[start.end() :], posix=True, punctuation_chars="|)\n")
        lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
        words: list[str] = []
        for word in lexer:
            if set(word) <= set("|)\n"):
                break
            words.append(word)
        yield words


def _example(section: str, words: list[str], response: Any) -> Example:
    method, url, body, headers = "GET", "", None, dict[str, str]()
    rest = iter(words)
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                body = next(rest)
            case "-s":
                pass
            case _:
                url = word
    return Example(section, method, url, headers, body, response)


def differences(shown: Any, given: Any, path: str = "") -> list[str]:
    """Where an answer is not of the shape that is shown: fields, types, forms of text."""
    name = path.rpartition(".")[2]
    if name == "configuration":
        return [] if isinstance(given, dict) else [f"{path} is no object"]
    if isinstance(shown, dict):
        return _object_differences(cast("Fields", shown), given, path)
    if isinstance(shown, list):
        if not isinstance(given, list) or not given:
            return [f"{path} is no list with items"]
        items = cast("Sequence[Any]", given)
        return [line for item in items for line in differences(shown[0], item, path)]
    return [] if _alike(name, shown, given) else [f"{path} is {given!r}, shown is {shown!r}"]


def _alike(name: str, shown: Any, given: Any) -> bool:
    if not isinstance(shown, str) or not isinstance(given, str):
        return type(shown) is type(given)
    return given in _WORDS[name] if name in _WORDS else form(shown) == form(given)


def _object_differences(shown: Fields, answer: Any, path: str) -> list[str]:
    if not isinstance(answer, dict):
        return [f"{path} is no object"]
    given = cast("Fields", answer)
    if path.endswith("schedule") and given.get("scheduleType") != shown["scheduleType"]:
        return [] if given.get("scheduleType") in {"manual", "cron"} else [f"{path} is {given!r}"]
    expected = {**shown, "previous": "", "next": ""} if "data" in shown else shown
    if set(expected) != set(given):
        return [f"{path} has {sorted(given)}, shown is {sorted(expected)}"]
    return [line for name in expected for line in differences(expected[name], given[name], f"{path}.{name}")]


def form(text: str) -> str:
    """What kind of text it is."""
    return next((name for name, pattern in _FORMS if pattern.fullmatch(text)), "text")
