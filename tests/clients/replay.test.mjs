// What a client that nobody here wrote did is recorded, over each transport, with and without
// acknowledgements, and replayed: the other server answers and tells the same.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { WAYS } from "./clients.mjs";
import { Agent, Visitor } from "./people.mjs";
import { program, withServer } from "./server.mjs";
import { Watcher } from "./watcher.mjs";

const COMETD = WAYS.filter(({ client }) => client === "npm cometd 9");

for (const ways of [...COMETD.map((way) => [way]), COMETD]) {
  test(`a conversation heard by ${ways.map(({ name }) => name).join(" and ")} is replayed`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "chat-replay-"));
    try {
      const recording = join(folder, "recording.ndjson");
      const secrets = await record(recording, ways);
      const text = await readFile(recording, "utf8");
      for (const secret of secrets) {
        assert.ok(!text.includes(secret), `${secret} was recorded`);
      }
      const same = await replay(recording);
      assert.equal(same.code, 0, same.said);
      const { requests, notifications } = JSON.parse(same.said);
      // Each listener hears four.
      assert.ok(requests > 5 && notifications >= 4 * ways.length, same.said);

      const told = /("topic":)"billing"(?=.*"notificationType":"PropertiesUpdated")/;
      const line = text.split("\n").findIndex((line) => told.test(line));
      await writeFile(recording, text.replace(told, '$1"selling"'));
      const other = await replay(recording);
      assert.equal(other.code, 1, other.said);
      const { same: isSame, line: found, at, expected } = JSON.parse(other.said);
      assert.deepEqual([isSame, found, expected], [false, line + 1, "selling"]);
      assert.match(at, /\/chat\/userData\/topic$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

// A visitor and an agent talk, which `ways` listen to; the names of the sessions.
async function record(recording, ways) {
  const names = [];
  await withServer({ words: ["--record", recording] }, async (server) => {
    const agent = new Agent(server, "agent1");
    const visitor = new Visitor(server);
    await agent.startSession();
    const watchers = ways.map((way) => {
      const watcher = new Watcher(server.url, agent.authorization, way, ["/v2/me/chats"]);
      server.clients.add(watcher);
      return watcher;
    });
    for (const watcher of watchers) {
      names.push((await watcher.ready()).clientId);
    }
    const hears = async (type) => {
      const all = await Promise.all(watchers.map((watcher) => watcher.hears()));
      all.forEach((one) => assert.equal(one.notificationType, type));
      return all[0];
    };
    const reply = await visitor.post({ operationName: "RequestChat", nickname: "Vera" });
    names.push(reply.json.id);
    await agent.becomes("Ready");
    const { chat } = await hears("StatusChange");
    const path = `/me/chats/${chat.id}`;
    await agent.succeeds(path, { operationName: "Accept", nickname: "Amy" });
    await hears("StatusChange");
    await hears("ParticipantsUpdated");
    await hears("NewMessages");
    await agent.succeeds(path, { operationName: "AttachUserData", userData: { topic: "billing" } });
    await hears("PropertiesUpdated");
    await visitor.post({ operationName: "SendMessage", text: "Hello" });
    await hears("NewMessages");
    assert.equal((await visitor.messages()).at(-1).text, "Hello");
  });
  return names;
}

function replay(recording) {
  return new Promise((resolve) => {
    execFile(program(), ["replay", "--json", recording], (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, said: stdout + stderr });
    });
  });
}
