"""Speaks MCP: settings, wiring, dispatch, asking, transports, the command line.

    settings     one vocabulary for flags, environment and TOML file
    server       the MCP server: lists tools from the catalogue, hands calls to dispatch
    dispatch     surrounds every tool: arguments, policy, approval, applying, errors
    asking       how a person is asked through the client, in both protocol eras
    applying     from an approved plan to its outcome, exactly once
    runtime      the clients and the store behind the calls, opened when first used
    wire         answers and errors as MCP results
    transports   stdio, SSE and streamable HTTP
    cli          the command `airbyte-mcp-server`

Nothing heavier than the MCP SDK is imported before the first call.
"""

__version__ = "0.1.0"
