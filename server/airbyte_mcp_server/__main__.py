"""Entry point of the command `airbyte-mcp-server`, and of `python -m airbyte_mcp_server`."""

from airbyte_mcp_server.cli.command import command


def main() -> None:
    """Run the command line."""
    command(prog_name="airbyte-mcp-server")


if __name__ == "__main__":
    main()
