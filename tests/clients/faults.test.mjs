// What each fault does to the clients that nobody here wrote: who goes on, who hears something twice, who
// misses something, and who goes dead.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WAYS } from "./clients.mjs";
import { eventually } from "./patience.mjs";
import { administer, Agent } from "./people.mjs";
import { withServer } from "./server.mjs";
import { Watcher } from "./watcher.mjs";

const CHAT = "/me/chats/0000Wa9CAM6W00J";
const POLLING = WAYS.filter(({ transport }) => transport === "long-polling");
const ACKNOWLEDGING = WAYS.filter(({ ack }) => ack);

const ADMIN = ["--admin", "127.0.0.1:0"];

test("402: every client starts over and hears what follows", async () => {
  await withListeners(WAYS, async ({ everybody, tell, hears, fault }) => {
    await tell(1);
    await hears(1);
    await fault("402");
    await everybody(async ({ watcher, name }) => {
      await watcher.ready(2);
      assert.notEqual(watcher.handshakes[0].clientId, watcher.handshakes[1].clientId, name);
    });
    await tell(2);
    await hears(2);
  });
});

test("402 after an event: clients have heard it, and start over", async () => {
  await withListeners(POLLING, async ({ everybody, tell, hears, fault }) => {
    await fault("402 event=2 count=1 user=agent1");
    await tell(1);
    await hears(1);
    await tell(2);
    await everybody(({ watcher }) => watcher.ready(2));
    await tell(3);
    await everybody(async ({ watcher, name }) => {
      // Who was between two polls has lost the second with the session.
      let heard = said(await watcher.hears());
      if (heard === 2) {
        heard = said(await watcher.hears());
      }
      assert.equal(heard, 3, name);
    });
  });
});

test("402 of somebody else: nobody here notices", async () => {
  await withListeners(POLLING, async ({ everybody, tell, hears, fault }) => {
    await fault("402 user=agent2");
    await tell(1);
    await hears(1);
    await everybody(({ watcher, name }) => assert.equal(watcher.handshakes.length, 1, name));
  });
});

test("duplicate: every client hands on both", async () => {
  await withListeners(WAYS, async ({ tell, hears, fault }) => {
    await fault("duplicate nth=2");
    await tell(1);
    await hears(1);
    await tell(2);
    await hears(2, 2);
    await tell(3);
    await hears(3);
  });
});

// The request is gone before there is an answer: nothing is lost.
test("drop-poll: clients poll again and miss nothing", async () => {
  await withListeners(POLLING, async ({ tell, hears, fault, struck }) => {
    await fault("drop-poll=50ms for=2s");
    // What was held before it is answered first.
    await tell(0);
    await hears(0);
    await struck();
    await tell(1);
    await hears(1);
    await tell(2);
    await hears(2);
  });
});

// The rule comes when the polls are already held; what was held is closed without an answer.
test("drop-poll closes polls that are held when it comes, and nothing is lost", async () => {
  await withListeners(POLLING, async ({ fault, hears, struck, tell }) => {
    await tell(1);
    await hears(1);
    await fault(`drop-poll=0s count=${POLLING.length}`);
    await struck(POLLING.length);
    await tell(2);
    await hears(2);
  });
});

test("each of several rules strikes one request", async () => {
  await withServer({ words: ADMIN }, async (server) => {
    const agent = new Agent(server, "agent1");
    const faults = `${server.admin}/faults`;
    for (const rule of ["503=7 count=1", "503=8 count=1", "drop nth=1", "slow=100000 count=1"]) {
      const body = { rule: `${rule} path=/api/v2/me` };
      assert.equal((await administer(faults, { method: "POST", body })).status, 201);
    }
    for (const seconds of ["7", "8"]) {
      const refused = await agent.get("/me");
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get("Retry-After"), seconds);
    }
    await assert.rejects(agent.get("/me"), /fetch failed/);
    assert.equal((await agent.get("/me")).status, 200);
    const { json } = await administer(faults);
    const struck = json.faults.map(({ matched, struck }) => [matched, struck]);
    assert.deepEqual(struck, [[4, 1], [3, 1], [2, 1], [1, 1]]);
  });
});

for (const rule of ["drop", "eof", "eof=1"]) {
  test(`${rule}: what is lost with a reply comes again for those who acknowledge`, async () => {
    const polling = ACKNOWLEDGING.filter(({ transport }) => transport === "long-polling");
    await withListeners(polling, async ({ everybody, tell, hears, fault, struck }) => {
      await fault(`${rule} operation=/meta/connect count=${polling.length}`);
      await tell(1);
      await struck(polling.length);
      await hears(1);
      await tell(2);
      await hears(2);
      await everybody(({ watcher, name }) => assert.equal(watcher.handshakes.length, 1, name));
    });
  });
}

// BAYEUX-14.8: were the refusal of a poll JSON, both Fayes would take it for messages and wait.
test("503: every client tries again, and the sender is told", async () => {
  await withListeners(POLLING, async ({ agent, hears, tell, fault, struck }) => {
    await fault("503 operation=/meta/connect for=2s");
    await fault("503=7 operation=UpdateUserData count=1");
    const refused = await agent.post(CHAT, update(0));
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("Retry-After"), "7");
    // What was held before is answered with the first, and the next connect refused.
    await tell(1);
    await struck(POLLING.length);
    await tell(2);
    await hears(1, 2);
  });
});

test("delay and slow: clients wait, and miss nothing", async () => {
  await withListeners(POLLING, async ({ tell, hears, fault, struck }) => {
    await fault("delay=300ms operation=/meta/connect");
    await fault("slow=2000 operation=/meta/connect");
    await tell(1);
    await hears(1);
    await tell(2);
    await hears(2);
    await struck(1);
  });
});

test("no-websocket: faye falls back to long-polling", async () => {
  const ways = WAYS.filter(({ transport, client }) => transport === "websocket" && client === "npm faye");
  const rule = "no-websocket";
  await withServer({ words: ["--fault", rule, ...ADMIN] }, async (server) => {
    const agent = new Agent(server, "agent1");
    const { authorization } = agent;
    const upgrade = {
      Authorization: authorization,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    assert.equal(await rawStatus(`${server.url}/notifications`, upgrade), 400);
    for (const way of ways) {
      const watcher = new Watcher(server.url, authorization, way, ["/v2/me/chats"]);
      server.clients.add(watcher);
      await watcher.ready();
      // The one of above, and at least one of the client's.
      assert.ok((await administer(`${server.admin}/faults`)).json.faults[0].struck >= 2, way.name);
      await agent.succeeds(CHAT, update(way.name));
      assert.equal(said(await watcher.hears()), way.name);
    }
  });
});

test("the admin endpoint is for this machine, and for no page in a browser", async () => {
  await withServer({ words: ADMIN }, async (server) => {
    const faults = `${server.admin}/faults`;
    const body = JSON.stringify({ rule: "503" });
    for (const [headers, status] of [
      [{ "Content-Type": "text/plain" }, 415],
      [{}, 415],
    ]) {
      assert.equal((await fetch(faults, { method: "POST", headers, body })).status, status);
    }
    assert.equal(await rawStatus(faults, { Host: "chat.example.com" }), 403);
    assert.equal((await fetch(faults)).headers.get("Access-Control-Allow-Origin"), null);
    const wrong = await administer(faults, { method: "POST", body: { rule: "503 nth=never" } });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json.error, 'expected a whole number, 1 or more, found "never"');

    for (const [rule, expected] of [
      ["402 user=agnet1", 'user=NAME of somebody in the contact centre, found "agnet1"'],
      ["503 operation=Acept", /^operation=NAME of an operation such as Accept, .*, found "Acept"$/],
      ["503 operation=/meta/conect", /^operation=NAME of .*, found "\/meta\/conect"$/],
    ]) {
      const unknown = await administer(faults, { method: "POST", body: { rule } });
      assert.equal(unknown.status, 400);
      assert.match(unknown.json.error.replace("expected ", ""), new RegExp(expected), rule);
    }

    const added = await administer(faults, { method: "POST", body: { rule: "503 path=/api/v2/me" } });
    assert.deepEqual(added.json, { id: 1, rule: "503 path=/api/v2/me" });
    assert.equal((await new Agent(server, "agent1").get("/me")).status, 503);
    const { json } = await administer(faults);
    assert.deepEqual(json.faults, [{ id: 1, rule: "503 path=/api/v2/me", matched: 1, struck: 1 }]);
    assert.equal((await administer(`${faults}/1`, { method: "DELETE" })).status, 200);
    assert.equal((await administer(`${faults}/1`, { method: "DELETE" })).status, 404);
    assert.equal((await new Agent(server, "agent1").get("/me")).status, 200);
  });
});

const update = (value) => ({ operationName: "UpdateUserData", userData: { said: value } });
const said = ({ chat }) => chat.userData.said;

// Lends `work` an agent with a chat, to which clients listen in these ways.
async function withListeners(ways, work) {
  await withServer({ words: ADMIN }, async (server) => {
    const agent = new Agent(server, "agent1");
    const listeners = ways.map((way) => {
      const watcher = new Watcher(server.url, agent.authorization, way, ["/v2/me/chats"]);
      server.clients.add(watcher);
      return { name: way.name, watcher };
    });
    const everybody = (does) => Promise.all(listeners.map(does));
    await everybody(({ watcher }) => watcher.ready());
    const faults = `${server.admin}/faults`;
    const fault = async (rule) => {
      const added = await administer(faults, { method: "POST", body: { rule } });
      assert.equal(added.status, 201, added.text);
    };
    // Waits until the first rule has struck so often.
    const struck = (count = 1) =>
      eventually(async () => (await administer(faults)).json.faults[0].struck >= count, "the fault");
    const tell = (value) => agent.succeeds(CHAT, update(value));
    const hears = (...values) =>
      everybody(async ({ watcher, name }) => {
        for (const value of values) {
          assert.equal(said(await watcher.hears()), value, name);
        }
      });
    await work({ agent, everybody, fault, hears, struck, tell });
  });
}

// The status of a GET with headers that `fetch` does not send.
async function rawStatus(url, headers) {
  const { get } = await import("node:http");
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}
