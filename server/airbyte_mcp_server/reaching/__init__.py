"""How a plan comes to the person who decides on it, and how the decision comes back.

ways                 which ways of deciding there are for a plan, and where
people               puts a plan to a person and waits for the decision; applies nothing
open_questions       what a person is asked right now
asking               a form or an address through the client, in both protocol eras
waiting_for_person   a call that waits for a decision made elsewhere
watched_book         plans that tell this process when they move
local_page, local_plans, loopback_peer, opening
                     the stdio server's own page, opened in this desktop's browser
webhook, webhook_events, announcing
                     tells approvers what waits, and what became of it
"""
