// The second generation of the TypeScript SDK.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { answer, converse, told } from "./conversing.mjs";

function transport() {
  if (told.transport === "stdio") {
    return new StdioClientTransport({ command: told.command, env: told.environment, stderr: "inherit" });
  }
  const Transport = told.transport === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
  return new Transport(new URL(told.url), { requestInit: { headers: told.headers } });
}

const capabilities = told.forms ? { elicitation: {} } : {};
const client = new Client(
  { name: "typescript-2", version: "1" },
  { capabilities, versionNegotiation: { mode: "auto" } },
);
if (told.forms) client.setRequestHandler("elicitation/create", answer);
await client.connect(transport());
await converse(client, client.getNegotiatedProtocolVersion());
