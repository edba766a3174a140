// What the README tells a newcomer to type, typed: the commands with curl, and the client of npm.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { within } from "./patience.mjs";
import { withServer } from "./server.mjs";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const PRINTED_ADDRESS = "127.0.0.1:8090";
const PRINTED_PROGRAM = "cargo run --release --bin chat --";

const blocks = (language) =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(([, text]) => text);
const commands = blocks("sh").filter((block) => block.includes("curl "));

test("the commands with curl do what the README says", async () => {
  assert.equal(commands.length, 4, "the README has four blocks with curl");
  const [operation, file, conversation, supervision] = commands;
  await withNewcomer(async (newcomer) => {
    const [reply] = blocks("json");
    assert.deepEqual(await newcomer.types(operation), [JSON.parse(reply)]);

    const [applied] = await newcomer.types(file);
    assert.deepEqual(applied.reply, { statusCode: 0 });
    assert.equal(applied.chat.userData.UserData1, "DATA2");
    assert.equal(applied.notifications.length, 1);

    const replies = await newcomer.types(conversation);
    const { messages } = replies.at(-1);
    assert.deepEqual(replies.map(({ statusCode }) => statusCode), replies.map(() => 0));
    assert.deepEqual(
      messages.filter(({ type }) => type === "Text").map(({ text }) => text),
      ["Hello", "Hello Chris"],
    );

    const supervised = await newcomer.types(supervision);
    assert.deepEqual(supervised.map(({ statusCode }) => statusCode), supervised.map(() => 0));
    const heard = supervised.at(-1).messages.at(-1);
    assert.deepEqual([heard.text, heard.visibility], ["Ask for the number", "Agents"]);
  });
});

test("the client of npm in the README prints the notification", async () => {
  const [program] = blocks("js");
  await withNewcomer(async (newcomer) => {
    const heard = await newcomer.watches(program, commands[0]);
    assert.equal(heard.notificationType, "PropertiesUpdated");
    assert.equal(heard.chat.userData.UserData1, "DATA1");
  });
});

// Lends `work` somebody with an empty folder and the demo server.
async function withNewcomer(work) {
  await withServer({}, async (server) => {
    const folder = await mkdtemp(join(tmpdir(), "chat-newcomer-"));
    try {
      await work(new Newcomer(server, folder));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

class Newcomer {
  #server;
  #folder;

  constructor(server, folder) {
    this.#server = server;
    this.#folder = folder;
  }

  // Types `block` into a shell; what is printed, as JSON.
  async types(block) {
    const child = this.#start("pipe", "bash", ["-euo", "pipefail", "-c", this.#here(block)]);
    let [printed, complaints] = ["", ""];
    child.stdout.on("data", (bytes) => (printed += bytes));
    // curl shows its progress there.
    child.stderr.on("data", (bytes) => (complaints += bytes));
    const [code] = await within(once(child, "close"), "the end of the commands");
    assert.equal(code, 0, printed + complaints);
    return values(printed);
  }

  // Runs `program`, which listens, and types `block` until it prints something.
  async watches(program, block) {
    await symlink(
      fileURLToPath(new URL("node_modules", import.meta.url)),
      join(this.#folder, "node_modules"),
    );
    await writeFile(join(this.#folder, "watch.mjs"), this.#here(program));
    const child = this.#start("inherit", process.execPath, ["watch.mjs"]);
    try {
      let printed = "";
      const end = Date.now() + 20_000;
      child.stdout.on("data", (bytes) => (printed += bytes));
      // It does not say when it listens.
      while (!printed.endsWith("}\n")) {
        assert.ok(Date.now() < end, `expected a notification, found ${JSON.stringify(printed)}`);
        await this.types(block);
      }
      return values(printed)[0];
    } finally {
      child.kill("SIGKILL");
    }
  }

  #start(stderr, program, words) {
    return spawn(program, words, { cwd: this.#folder, stdio: ["ignore", "pipe", stderr] });
  }

  #here(text) {
    return text
      .replaceAll(PRINTED_ADDRESS, new URL(this.#server.url).host)
      .replaceAll(PRINTED_PROGRAM, '"$CHAT_BIN"');
  }
}

// JSON values one after the other, each an object, as several commands print them.
function values(text) {
  const found = [];
  let from = 0;
  for (let to = text.indexOf("}"); to >= 0; to = text.indexOf("}", to + 1)) {
    try {
      found.push(JSON.parse(text.slice(from, to + 1)));
      from = to + 1;
    } catch {
      // The object goes on.
    }
  }
  assert.equal(text.slice(from).trim(), "", "something that is no JSON was printed");
  return found;
}
