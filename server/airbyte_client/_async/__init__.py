"""The client's moving parts. Written once, in `_async`; `_sync` is generated from it."""
