// What both TypeScript clients share: they are steered by lines of JSON, one call each, and answer in kind.
import { createInterface } from "node:readline";

export const told = JSON.parse(process.argv[2]);
export const APPROVAL = { action: "accept", content: { decision: "approve" } };

const asked = [];

export function answer(request) {
  asked.push(request.params.message);
  return APPROVAL;
}

export async function converse(client, protocol) {
  const { tools } = await client.listTools();
  say({ tools: tools.map((tool) => tool.name), protocol: protocol ?? null });
  for await (const line of createInterface({ input: process.stdin })) {
    const { tool, arguments: given } = JSON.parse(line);
    const result = await client.callTool({ name: tool, arguments: given });
    say({ text: result.content.map((block) => block.text).join("\n"), asked: asked.splice(0) });
  }
  await client.close();
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
