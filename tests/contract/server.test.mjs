// Schemathesis against the running server, by the OpenAPI document alone: what the document takes is taken, what it
// does not take is refused, nothing is answered that it does not mention, and links lead from one reply to the next.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withServer } from "../clients/server.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const DOCUMENT = here("../../docs/api/openapi.json");
const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));
const DIFFERENCES = JSON.parse(readFileSync(here("differences.json"), "utf8"));
const CENTER = readFileSync(here("center.toml"), "utf8");

// How long each of the parts below looks that can look for any time; CONTRIBUTING says how to look further.
const SECONDS = Number(process.env.CONTRACT_SECONDS ?? 12);
const SEED = process.env.CONTRACT_SEED ?? "20261123";

// The chat that the document's examples are about, so that they find it.
const CHAT = document.paths["/api/v2/me/chats/{id}"].get.parameters.find(({ name }) => name === "id").example;
const center = { config: CENTER, chats: [{ id: CHAT, state: "LeftChat", owner: "agent1" }] };

const basic = (name) => "Basic " + Buffer.from(`${name}:${name}`).toString("base64");

// What Schemathesis is told: all its checks but those that a listed difference, or the reason here, replaces.
function settings() {
  const words = [
    `hooks = ${JSON.stringify(here("hooks.py"))}`,
    "[checks]",
    // It goes by the HTTP status; `what_fits_is_taken` (hooks.py) by what the reply says.
    "positive_data_acceptance.enabled = false",
  ];
  for (const { check, operations } of DIFFERENCES.filter(({ check }) => check !== "what_fits_is_taken")) {
    words.push("[[operations]]", `include-operation-id = ${JSON.stringify(operations)}`);
    words.push(`checks.${check}.enabled = false`);
  }
  return words.join("\n") + "\n";
}

async function schemathesis(server, words) {
  const python = process.env.CONTRACT_PYTHON;
  assert.ok(python, "expected a Python in CONTRACT_PYTHON; `cargo xtask test` sets it");
  const folder = await mkdtemp(join(tmpdir(), "chat-contract-"));
  try {
    const config = join(folder, "schemathesis.toml");
    await writeFile(config, settings());
    const all = ["-m", "schemathesis.cli", "--config-file", config, "run", DOCUMENT, "--url", server.origin, "--no-color"];
    // The same every time, so that whoever changed nothing breaks nothing; without a seed it is another one each time,
    // which is printed with every failure.
    all.push(...(SEED === "" ? [] : ["--seed", SEED]));
    all.push("--continue-on-failure", "--request-timeout", "20", "--suppress-health-check", "all");
    all.push("--report", "junit", "--report-junit-path", join(folder, "report.xml"), ...words);
    const options = { maxBuffer: 64 << 20, cwd: folder, env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } };
    const { code, stdout, stderr } = await promisify(execFile)(python, all, options).catch((error) => error);
    assert.ok(!code, `${stdout}\n${stderr}`);
    const tested = Number(stdout.match(/^ {2}(\d+) generated/m)?.[1] ?? 0);
    assert.match(await readFile(join(folder, "report.xml"), "utf8"), /<testsuite /);
    return { tested, stdout };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SUPERVISORS = ["--include-tag", "Agents of a supervisor", "--include-tag", "Chats of a supervisor"];

// Who asks, what is looked at and how, and how many requests that is at least.
for (const { name, words, least } of [
  { name: "an agent, at the edges of everything", words: ["-a", "agent1:agent1", "--phases", "examples,coverage"], least: 2000 },
  { name: "an agent, at random", words: ["-a", "agent1:agent1", "--phases", "fuzzing", "--max-time", `${2 * SECONDS}`], least: 200 },
  { name: "an agent, from link to link", words: ["-a", "agent1:agent1", "--phases", "stateful", "--max-time", `${SECONDS}`], least: 50 },
  { name: "a visitor, at random", words: ["--include-tag", "Visitors", "--phases", "fuzzing", "--max-time", `${SECONDS}`], least: 100 },
  {
    name: "a supervisor, at random",
    words: ["-a", "supervisor1:supervisor1", ...SUPERVISORS, "--phases", "fuzzing", "--max-time", `${SECONDS}`],
    least: 100,
  },
  { name: "a visitor, from link to link", words: ["--include-tag", "Visitors", "--phases", "stateful", "--max-time", `${SECONDS}`], least: 50 },
  { name: "a visitor, at the edges", words: ["--include-tag", "Visitors", "--phases", "examples,coverage"], least: 100 },
  { name: "a supervisor, at the edges", words: ["-a", "supervisor1:supervisor1", ...SUPERVISORS, "--phases", "examples,coverage"], least: 100 },
]) {
  test(`nothing that is not documented happens to ${name}`, { timeout: 120_000 + 4_000 * SECONDS }, async (t) => {
    await withServer(center, async (server) => {
      const { tested } = await schemathesis(server, words);
      t.diagnostic(`${tested} requests`);
      assert.ok(tested >= least, `expected ${least} requests at least, found ${tested}`);
    });
  });
}

// Schemathesis seldom gets past the first request of a visitor by chance.
test("the links lead a visitor from RequestChat to the messages and the end", async () => {
  await withServer(center, async (server) => {
    const start = document.paths["/api/v2/chats"].post;
    const { links } = start.responses["200"];
    const { value } = start.requestBody.content["application/json"].examples.RequestChat;
    const ask = async (method, path, body) => {
      const headers = body ? { "Content-Type": "application/json" } : {};
      const response = await fetch(server.origin + path, { method, headers, body: body && JSON.stringify(body) });
      assert.equal(response.status, 200, `${method} ${path}: ${await response.clone().text()}`);
      return response.json();
    };
    const opened = await ask("POST", "/api/v2/chats", value);
    const follow = ({ operationId, parameters, requestBody }) => {
      const [path, methods] = Object.entries(document.paths).find(([, methods]) =>
        Object.values(methods).some((operation) => operation.operationId === operationId),
      );
      const [method] = Object.entries(methods).find(([, operation]) => operation.operationId === operationId);
      const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
        const pointer = parameters[`path.${name}`].match(/^\$response\.body#\/(\w+)$/)[1];
        return opened[pointer];
      });
      return ask(method.toUpperCase(), filled, requestBody);
    };
    assert.deepEqual(Object.keys(links).sort(), ["complete", "messages", "refresh", "say"]);
    await follow(links.say);
    const { messages } = await follow(links.messages);
    assert.ok(messages.some(({ text }) => text === links.say.requestBody.text), JSON.stringify(messages));
    assert.equal((await follow(links.refresh)).chat.state, "WaitingForAgent");
    await follow(links.complete);
    assert.equal((await follow(links.refresh)).chat.state, "Idle");
  });
});

for (const { name, why, refused, shown } of DIFFERENCES) {
  test(`${name} is still a difference: ${why}`, async () => {
    await withServer(center, async (server) => {
      const method = shown.post ? "POST" : "GET";
      const path = (shown.post ?? shown.get).replace("{chat}", CHAT);
      const headers = { "Content-Type": "application/json" };
      if (shown.by) {
        headers.Authorization = basic(shown.by);
      }
      if (shown.key) {
        headers["Idempotency-Key"] = shown.key;
      }
      if (shown.before) {
        const first = await fetch(server.origin + path, { method, headers, body: JSON.stringify(shown.before) });
        assert.equal(first.status, 200);
      }
      let response = await fetch(server.origin + path, { method, headers, body: shown.body && JSON.stringify(shown.body) });
      if (shown.then) {
        // Of what was opened.
        response = await fetch(server.origin + (await response.json()).path + shown.then);
      }
      if (shown.thenPost) {
        const { path: opened } = await response.json();
        response = await fetch(server.origin + opened, { method, headers, body: JSON.stringify(shown.thenPost) });
      }
      assert.equal(response.status, refused.http);
      if (refused.code === null) {
        assert.equal(await response.text(), "");
      } else if (refused.code !== undefined) {
        const reply = await response.json();
        assert.equal(reply.statusCode, refused.code);
        assert.ok(reply.statusMessage.startsWith(refused.message), reply.statusMessage);
      }
    });
  });
}
