// The first generation of the TypeScript SDK.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { answer, converse, told } from "./conversing.mjs";

function transport() {
  if (told.transport === "stdio") {
    return new StdioClientTransport({ command: told.command, env: told.environment, stderr: "inherit" });
  }
  const Transport = told.transport === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
  return new Transport(new URL(told.url), { requestInit: { headers: told.headers } });
}

const capabilities = told.forms ? { elicitation: {} } : {};
const client = new Client({ name: "typescript-1", version: "1" }, { capabilities });
if (told.forms) client.setRequestHandler(ElicitRequestSchema, answer);
const wire = transport();
let protocol;
const set = wire.setProtocolVersion?.bind(wire);
wire.setProtocolVersion = (version) => {
  protocol = version;
  set?.(version);
};
await client.connect(wire);
await converse(client, protocol);
