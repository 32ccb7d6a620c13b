"""Checks what a description tells the sample source."""

from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.seed.reading import Described, SeedError, nearest, unknown
from airbyte_sandbox.sources.sample import FAILURES

_SETTINGS = ("streams", "new_rows", "rows_per_second", "state_every", "fail")
_MOST = 10**12


def check_sample_settings(configuration: JsonObject) -> None:
    """Refuse a setting that is mistyped. Any other field, such as a host, belongs to the story and is kept.

    Raises:
        SeedError: a setting cannot be understood.
    """
    for name in configuration:
        meant = nearest(name, _SETTINGS)
        if meant not in {None, name}:
            raise SeedError(f"the sample source has no setting {name!r}; did you mean {meant!r}?")
    settings = {name: configuration[name] for name in _SETTINGS if name in configuration}
    item = Described(settings, "the sample source", _SETTINGS)
    streams = item.object("streams")
    counts = Described(streams, "the sample source's streams", tuple(streams))
    for stream in streams:
        counts.whole(stream, 0, 0, _MOST)
    item.whole("new_rows", 0, 0, _MOST)
    item.number("rows_per_second", 0, 0, _MOST)
    item.whole("state_every", 100, 1, _MOST)
    fail = Described(item.object("fail"), '"fail" of the sample source', ("kind", "after_rows", "message"))
    kind = fail.text("kind")
    if item.has("fail") and kind not in FAILURES:
        raise SeedError(f"a failure of the sample source has no kind {unknown(kind, FAILURES)}")
    fail.whole("after_rows", 0, 0, _MOST)
    fail.text("message")
