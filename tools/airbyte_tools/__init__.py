"""What the model may do: one module per domain, one explicit list.

    tool         what a tool is, and what surrounds it
    answers      the models that answers are made of
    catalogue    ALL_TOOLS, and the public schemas computed from it
    finding      from what people type (id, name, address) to one Airbyte object
    words        times, sizes and untrusted names as people read them
    errors       what a tool can refuse
    workspaces, connections, jobs, waiting, syncs, schedules, plans    the tools

A tool never asks for approval and cannot send a change on its own: dispatch
plans, asks, and only then calls `apply` with a client whose gate is open for
exactly the planned change.
"""
