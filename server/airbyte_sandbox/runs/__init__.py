"""Runs jobs: starts sources, reads what they say, and ends every job in a proper state."""
