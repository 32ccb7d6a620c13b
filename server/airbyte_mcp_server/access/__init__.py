"""Who may speak to the server over SSE and HTTP, and how much of it.

    scopes          what a token lets its holder do: read, or operate
    one_token       the bearer token of the settings, or one made up at the start
    tokens_file     named tokens in a file that holds only their hashes
    writing_tokens  adds names to that file and removes them
    oauth           access tokens of an OAuth 2.1 authorization server
    issuer          asks it for the keys that it signs them with
    signing_keys    keeps these keys for a while
    door            which of these the settings ask for, and which hosts and origins
    slow_clients    nobody holds a connection without using it
    session_shares  nobody holds more than a share of the sessions
    rates           so many calls a minute, so many changes a minute, for each person
    shared_rates    the same over all replicas, counted by the store
    admission       what dispatch asks before it runs a tool

Nobody approves anything with a token: no scope stands for that.
"""
