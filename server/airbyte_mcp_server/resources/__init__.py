"""What a client can attach to a chat without a tool call: workspaces, connections, jobs, plans.

    addresses   the `airbyte://` addresses, and which tool answers each
    reading     lists, reads and completes them
    watching    tells subscribers when a job, a connection or a plan has moved

Each address is answered by a tool that only reads, so that a resource never says
anything that the tool would not.
"""
