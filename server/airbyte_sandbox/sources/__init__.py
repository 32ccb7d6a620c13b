"""Executables that speak the Airbyte protocol: ``spec``, ``check``, ``discover`` and ``read``."""
