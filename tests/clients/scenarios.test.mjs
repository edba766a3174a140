// Every scenario of tests/scenarios over real HTTP, with npm `cometd` in the ears of three agents.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Agent, Visitor } from "./people.mjs";
import { USERS, withServer } from "./server.mjs";
import { message, summary } from "./summary.mjs";

const FOLDER = new URL("../scenarios/", import.meta.url);

// A chat of each agent that nobody else has part in: SetInFocus on it tells that agent alone
// (DEC-20), and whatever came before it has been heard by then. So silence is seen without waiting.
const fence = (name) => ({
  id: `fence-of-${name}`,
  state: "LeftChat",
  owner: name,
});

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json")).sort()) {
  const scenario = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
  test(`${file}: ${scenario.about}`, async () => {
    await withServer(Object.keys(USERS).map(fence), (server) => play(server, scenario));
  });
}

async function play(server, scenario) {
  const agents = Object.fromEntries(Object.keys(USERS).map((name) => [name, new Agent(server, name)]));
  const visitor = new Visitor(server);
  let chat;
  for (const agent of Object.values(agents)) {
    await agent.startSession();
    await agent.listen();
  }
  for (const [at, step] of scenario.steps.entries()) {
    const place = `step ${at + 1}, ${step.by} ${JSON.stringify(step.does ?? step.offers ?? step.is)}`;
    if (step.is) {
      await agents[step.by].becomes(step.is);
      continue;
    }
    if (step.does) {
      const body = JSON.stringify(step.does).replace(
        /\{(agent\d)\}/g,
        (_, name) => `${server.url}/users/${USERS[name]}`,
      );
      const reply =
        step.by === "visitor"
          ? await visitor.post(body)
          : await agents[step.by].post(`/me/chats/${chat ?? "unknown"}`, body);
      assert.equal(reply.json.statusCode, step.code ?? 0, `${place}: ${reply.text}`);
    }
    for (const [name, lines] of Object.entries(step.hears ?? {})) {
      const heard = [];
      while (heard.length < lines.length) {
        const data = await agents[name].hears();
        // Agents learn the chat's id from what they hear.
        chat ??= data.chat?.id;
        heard.push(summary(data));
      }
      assert.deepEqual(heard, lines, `${place}: what ${name} hears`);
    }
    if (step.visitor) {
      const { state, participants } = await visitor.chat();
      const reads = (await visitor.messages()).map(message);
      const sees = participants.map((one) => one.nickname);
      assert.deepEqual({ state, sees, reads }, step.visitor, `${place}: what the visitor sees`);
    }
  }
  for (const agent of Object.values(agents)) {
    const { id } = fence(agent.name);
    await agent.succeeds(`/me/chats/${id}`, { operationName: "SetInFocus" });
    const last = await agent.hears();
    assert.equal(last.chat?.id, id, `${agent.name} heard something else: ${summary(last)}`);
  }
}
