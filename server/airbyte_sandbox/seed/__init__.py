"""The fleet a new sandbox starts with: small, believable, and the same every time."""
