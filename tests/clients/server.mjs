// The real server, started for a test on a port of its own and ended by its process id.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// The users of the demo contact centre, whose passwords are their names.
export const USERS = {
  agent1: "a5e9c0ffee0000000000000000000001",
  agent2: "a5e9c0ffee0000000000000000000002",
  agent3: "a5e9c0ffee0000000000000000000003",
};
export const CONTACT_CENTER = "6d7466c8-6a21-4e64-b51e-0308e34995ec";

// Lends `work` a demo contact centre that has `chats` beside its own. Whatever happens, the clients
// hang up and the server ends: a failed test must not keep the process alive.
export async function withServer(chats, work) {
  const server = await startServer(chats);
  try {
    await work(server);
  } finally {
    await Promise.all([...server.clients].map((client) => client.hangUp()));
    await server.stop();
  }
}

// `url` ends with /api/v2.
async function startServer(chats) {
  const program = process.env.CHAT_BIN;
  if (!program) {
    throw new Error("expected the program in CHAT_BIN; `cargo xtask test` sets it");
  }
  const folder = await mkdtemp(join(tmpdir(), "chat-clients-"));
  const file = join(folder, "chats.json");
  await writeFile(file, JSON.stringify(chats));
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--chats", file], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, RUST_LOG: process.env.RUST_LOG ?? "warn" },
  });
  const exited = once(child, "exit");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const lines = createInterface({ input: child.stdout });
  const [first] = await Promise.race([
    once(lines, "line"),
    exited.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  lines.resume();
  const url = first.match(/^Listening on (http:\/\/.*\/api\/v2)$/)?.[1];
  if (!url) {
    throw new Error(`expected the address, found ${JSON.stringify(first)}`);
  }
  return {
    url,
    clients: new Set(),
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      process.off("exit", kill);
      await rm(folder, { recursive: true });
      if (code !== 0) {
        throw new Error(`expected the server to end with 0, found ${code}`);
      }
    },
  };
}
