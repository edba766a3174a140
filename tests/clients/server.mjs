// The real server, started for a test on a port of its own and ended by its process id.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { within } from "./patience.mjs";

// The users of the demo contact centre, whose passwords are their names.
export const USERS = {
  agent1: "a5e9c0ffee0000000000000000000001",
  agent2: "a5e9c0ffee0000000000000000000002",
  agent3: "a5e9c0ffee0000000000000000000003",
  supervisor1: "a5e9c0ffee0000000000000000000004",
};
export const CONTACT_CENTER = "6d7466c8-6a21-4e64-b51e-0308e34995ec";

// The same people in a house where nothing takes long.
export const BRISK = readFileSync(new URL("brisk.toml", import.meta.url), "utf8");

// Ports that no system gives to a connection by itself: one that was free stays so for a restart.
const PORTS = { from: 20_000, count: 10_000 };

// Lends `work` a server that has `chats` beside its own; without `config`, a text in TOML, it is the
// demo contact centre. If it is durable, it keeps them in a file, and otherwise in `store`, or in
// memory; `words` are further arguments. Whatever happens, the clients hang up
// and the server ends: a failed test must not keep the process alive.
export async function withServer({ chats = [], config, isDurable = false, store, words = [] } = {}, work) {
  const server = await Server.start(chats, config, isDurable, store, words);
  try {
    await work(server);
    await Promise.all([...server.clients].map((client) => client.hangUp()));
  } finally {
    // Whoever has hung up already takes no harm.
    await Promise.allSettled([...server.clients].map((client) => client.hangUp()));
    server.afterwards.forEach((end) => end());
    await server.end();
  }
}

class Server {
  #folder;
  #words;
  #child;
  #exited;
  // The file or the database in which chats are kept; memory without.
  #store;

  // Who has to hang up before it ends.
  clients = new Set();

  // What ends between them and the server.
  afterwards = [];

  static async start(chats, config, isDurable, store, words) {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), "chat-clients-"));
    server.#store = isDurable ? join(server.#folder, "chats.redb") : store;
    const file = join(server.#folder, "chats.json");
    await writeFile(file, JSON.stringify(chats));
    server.#words = ["serve", "--chats", file, ...words];
    if (config) {
      const settings = join(server.#folder, "config.toml");
      await writeFile(settings, config);
      server.#words.push("--config", settings);
    }
    for (let tries = 0; ; tries += 1) {
      const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
      try {
        await server.#run(`127.0.0.1:${port}`);
        return server;
      } catch (error) {
        // Somebody else may have the port.
        if (tries === 5) {
          throw error;
        }
      }
    }
  }

  async #run(listen) {
    this.#spawn(listen);
    const lines = createInterface({ input: this.#child.stdout });
    // Lines that come at once are not heard by who begins to listen after the first.
    const admin = new Promise((resolve) => {
      lines.on("line", (line) => {
        const found = line.match(/^Faults can be changed at (\S+)\/faults,/)?.[1];
        if (found) {
          resolve(found);
        }
      });
    });
    const [first] = await Promise.race([
      once(lines, "line"),
      this.#exited.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
    ]);
    lines.resume();
    // It ends with /api/v2.
    this.url = first.match(/^Listening on (http:\/\/.*\/api\/v2)$/)?.[1];
    if (!this.url) {
      throw new Error(`expected the address, found ${JSON.stringify(first)}`);
    }
    this.origin = new URL(this.url).origin;
    if (this.#words.includes("--admin")) {
      this.admin = await within(admin, "the address of the admin endpoint");
    }
  }

  #spawn(listen) {
    this.#child = spawn(program(), [...this.#words, "--listen", listen], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        RUST_LOG: process.env.RUST_LOG ?? "warn",
        CHAT_STORE: this.#store ?? "memory",
      },
    });
    this.#exited = once(this.#child, "exit");
    process.once("exit", this.#kill);
  }

  // What /metrics says of `name` just now.
  async figure(name) {
    const text = await (await fetch(`${this.origin}/metrics`)).text();
    const value = text.match(new RegExp(`^${name} (\\S+)$`, "m"))?.[1];
    return Number(value ?? 0);
  }

  // Ends the process by `signal` and starts another one at the same address, which knows nothing but
  // what is in the file, if there is one.
  async restart(signal) {
    await this.stop(signal);
    await this.#run(new URL(this.url).host);
  }

  // Starts a process where one was stopped, and kills it after `ms` milliseconds, whatever it has come to.
  async stumble(ms) {
    this.#spawn(new URL(this.url).host);
    this.#child.stdout.resume();
    await sleep(ms);
    await this.stop("SIGKILL");
  }

  // Starts one where one was stopped.
  async resume() {
    await this.#run(new URL(this.url).host);
  }

  // What `chat store` says of where stopped servers kept their chats.
  async store(command) {
    const { stdout } = await promisify(execFile)(program(), ["store", command, this.#store], {
      maxBuffer: Infinity,
    });
    return stdout.trimEnd();
  }

  async end() {
    await this.stop("SIGTERM");
    await rm(this.#folder, { recursive: true });
  }

  // Ends the process by `signal`, unless it has ended.
  async stop(signal) {
    if (!this.#child) {
      return;
    }
    this.#child.kill(signal);
    const [code] = await within(this.#exited, "the server's end");
    process.off("exit", this.#kill);
    this.#child = undefined;
    if (signal === "SIGTERM" && code !== 0) {
      throw new Error(`expected the server to end with 0, found ${code}`);
    }
  }

  #kill = () => this.#child.kill("SIGKILL");
}

export function program() {
  const found = process.env.CHAT_BIN;
  if (!found) {
    throw new Error("expected the program in CHAT_BIN; `cargo xtask test` sets it");
  }
  return found;
}
