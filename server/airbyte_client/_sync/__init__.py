# Generated from _async/__init__.py by scripts/sync_client.py; change that file instead.
"""The client's moving parts. Written once, in `_async`; `_sync` is generated from it."""
