"""The Airbytes that one server talks to: usually one, sometimes several with names.

airbytes  each with its client, found by name or by address
argument  `instance`, which tools list where there are several
choosing  the one that a call means; it is never guessed
"""
