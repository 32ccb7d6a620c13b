"""Speaks MCP: settings, wiring, dispatch, reaching people, transports, the command line.

    settings     one vocabulary for flags, environment and TOML file
    server       the MCP server: lists tools from the catalogue, hands calls to dispatch
    dispatch     surrounds every tool: arguments, policy, approval, applying, errors
    reaching     how a plan comes to the person who decides on it, and how the decision comes back
    changing     from an approved plan to its outcome, exactly once
    pages        the approvals page
    resources    what a client attaches to a chat; prompts, what people ask again
    runtime      the clients and the store behind the calls, opened when first used
    wire         answers and errors as MCP results
    transports   stdio, SSE and streamable HTTP
    cli          the command `airbyte-mcp-server`

Nothing heavier than the MCP SDK is imported before the first call.
"""

__version__ = "0.1.0"
