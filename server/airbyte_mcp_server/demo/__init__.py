"""The demo: a real MCP client, the real server over stdio, and a conversation between them.

conversation   what is asked, step by step, and what must be true after each
client         the client's side: one connection, and a person who answers questions
screen         how it looks on a terminal
"""
