"""The command `airbyte-mcp-server`: one module per subcommand, each importing what it needs when it runs."""
