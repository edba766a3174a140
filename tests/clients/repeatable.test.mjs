// Two servers of one seed and one time answer the same requests with the same bytes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { administer, Agent, Visitor } from "./people.mjs";
import { withServer } from "./server.mjs";

const SEED = ["--seed", "7", "--clock", "2026-01-01T09:00:00Z"];

test("what was answered once is answered again, byte for byte", async () => {
  const first = await conversation(SEED);
  assert.deepEqual(await conversation(SEED), first);
  const [, ...others] = await conversation(["--seed", "8", ...SEED.slice(2)]);
  assert.notDeepEqual(others, first.slice(1));
  assert.ok(first.some(({ cookie }) => cookie), "no secret is among the answers");
});

test("the clock stands until it is moved", async () => {
  await withServer({ words: [...SEED, "--admin", "127.0.0.1:0"] }, async (server) => {
    const clock = `${server.admin}/clock`;
    const start = Date.parse("2026-01-01T09:00:00Z");
    assert.equal((await administer(clock)).json.now, start);
    const moved = await administer(clock, { method: "POST", body: { advance: "90s" } });
    assert.equal(moved.json.now, start + 90_000);
    const wrong = await administer(clock, { method: "POST", body: { advance: "soon" } });
    assert.equal(wrong.status, 400);
  });
  await withServer({ words: ["--admin", "127.0.0.1:0"] }, async (server) => {
    const moved = await administer(`${server.admin}/clock`, { method: "POST", body: { advance: "1s" } });
    assert.equal(moved.status, 409);
  });
});

// What is answered, with the one thing replaced that the system chooses: the port.
async function conversation(words) {
  const answers = [];
  await withServer({ words }, async (server) => {
    const agent = new Agent(server, "agent1");
    const visitor = new Visitor(server);
    const take = ({ status, headers, text }) =>
      answers.push({
        status,
        id: headers.get("X-Request-Id"),
        cookie: headers.get("Set-Cookie"),
        text: text.replaceAll(server.origin, "ORIGIN"),
      });
    const start = { operationName: "StartContactCenterSession", channels: ["chat"] };
    take(await agent.post("/me", start));
    take(await visitor.post({ operationName: "RequestChat", nickname: "Vera" }));
    take(await visitor.post({ operationName: "SendMessage", text: "Hello" }));
    const handshake = { channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] };
    take(await agent.post("/notifications", [handshake]));
    take(await agent.get("/me/chats?fields=*"));
  });
  return answers;
}
