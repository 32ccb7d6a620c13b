"""What stands between a wish and a done deed: plans, policy, approvals, audit.

    plans      what a tool wants to change, as immutable data, and its digest
    states     the life of a plan, as a table of allowed moves
    evidence   how a yes reached us, and what that kind of yes is worth
    policy     whether a plan may go on, must be confirmed, or is refused
    verdicts   what policy says to one plan, and which yes is enough for it
    rulings    policy asked under the store's lock, and put on record
    decisions  the one decision on a plan, bound to what was shown
    wording    a plan in words that text from Airbyte cannot forge
    store      one database file for plans, approvals and audit
    rows       plans as rows of the store, and back
    refusals   the memory of noes, so that nobody is asked the same again at once
    audit      the hash-chained record of intents, outcomes and refusals
    in_force   which policy and settings were in force, and when they changed
    allowances how many calls a person has left, for all replicas
    life       moves plans through their life; nobody else does
    approvers  the people who may approve on the page
    passwords  their passwords, as argon2id hashes
    sign_ins   guesses counted, and sessions

The room knows neither HTTP nor MCP. It can only ever reject, never wrongly allow.
"""
