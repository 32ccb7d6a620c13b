"""How clients reach the server, until they leave or somebody says stop.

transports      serves on the transport that the settings name; stdio itself
network         SSE and streamable HTTP, for whoever holds a token
listening       a socket, and serving on it until somebody says stop
standard_input  stdin, read so that a signal can end it
stopping        what SIGINT and SIGTERM do
ending          what becomes of calls and answers that a stop finds unfinished
"""
