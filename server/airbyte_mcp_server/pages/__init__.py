"""The approvals page: plans as a person sees them in a browser, and the decision that comes back.

    views       a plan as the page shows it; everything from Airbyte cleaned and cut
    differing   before and after, with the words that differ marked
    rendering   templates to HTML, everything escaped
    forms       what a browser posts, in bounds
    walls       headers on every answer; other hosts, origins and plain HTTP turned away
    answers     HTML answers and error pages
    sessions    sign-in, sign-out, and who a request is from
    plans       the list, one plan, the decision
    app         the application that these make
    serving     where it listens, and whether passwords may travel there

No build step, no outside request, and nothing essential needs JavaScript.
"""
