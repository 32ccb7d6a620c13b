"""The HTTP side: the public API, the part of the Config API that clients use, and the sandbox's control."""
