// Every scenario of tests/scenarios over real HTTP, with each client that is not ours, in each of its
// ways, in the ears of three agents and a supervisor.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { WAYS } from "./clients.mjs";
import { compared, fits } from "./contract.mjs";
import { Agent, Visitor } from "./people.mjs";
import { USERS, withServer } from "./server.mjs";
import { message, summary } from "./summary.mjs";

const FOLDER = new URL("../scenarios/", import.meta.url);
const SCENARIOS = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((file) => ({ file, ...JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) }));

// What agents subscribe to in the field: the topic, its siblings, or everything (NOTIF-2.13).
const CHANNELS = {
  agent1: ["/v2/me/*"],
  agent2: ["/**"],
  agent3: ["/v2/me/chats"],
  supervisor1: ["/v2/me/chats", "/v2/me/channels"],
};

// A chat of each agent that nobody else has part in: SetInFocus on it tells that agent alone
// (DEC-20), and whatever came before it has been heard by then. So silence is seen without waiting.
const fence = (name) => ({
  id: `fence-of-${name}`,
  state: "LeftChat",
  owner: name,
});

for (const way of WAYS) {
  test(`whole conversations, heard by ${way.name}`, async (t) => {
    await withServer({ chats: Object.keys(USERS).map(fence) }, async (server) => {
      const agents = Object.fromEntries(Object.keys(USERS).map((name) => [name, new Agent(server, name)]));
      await Promise.all(
        Object.values(agents).map(async (agent) => {
          await agent.startSession();
          await agent.listen(way, CHANNELS[agent.name]);
        }),
      );
      for (const scenario of SCENARIOS) {
        await t.test(`${scenario.file}: ${scenario.about}`, () => play(server, agents, scenario));
      }
      for (const { name, watcher } of Object.values(agents)) {
        assert.equal(watcher.handshakes.length, 1, "one session is enough for all of it");
        assert.equal(watcher.losses, 0);
        assert.deepEqual(watcher.aside().map(readiness), becomes(name), `what ${name} became`);
      }
      const kinds = ["customer-chat", "message", "notification", "reply"];
      assert.deepEqual(Object.keys(compared).sort(), kinds, "all of it was compared with the contract");
    });
  });
}

// Where an operation goes: to the caller's own chat, or to what a supervisor looks after.
function path(step, chat = "unknown") {
  if (!step.of) {
    return `/me/chats/${chat}`;
  }
  const agent = `/users/${USERS[step.of]}`;
  return step.does.operationName === "Intrude" ? `${agent}/chats/${chat}` : `${agent}/channels/chat`;
}

// What an agent became in the course of all scenarios, in their order; all that subscriptions bring
// beside the chats, if they are that wide.
function becomes(name) {
  if (CHANNELS[name].join() === "/v2/me/chats") {
    return [];
  }
  const steps = SCENARIOS.flatMap(({ steps }) => steps);
  return steps.filter((step) => step.is && step.by === name).map((step) => `chat ${step.is}`);
}

// NOTIF-3.3-1.
function readiness({ channel, data }) {
  assert.equal(channel, "/v2/me/channels");
  assert.equal(data.messageType, "ChannelStateChangeMessageV2");
  return data.channels.map((one) => `${one.channel} ${one.userState.state}`).join(", ");
}

async function play(server, agents, scenario) {
  const visitor = new Visitor(server);
  let chat;
  for (const [at, step] of scenario.steps.entries()) {
    const place = `step ${at + 1}, ${step.by} ${JSON.stringify(step.does ?? step.offers ?? step.is)}`;
    if (step.is) {
      await agents[step.by].becomes(step.is);
      continue;
    }
    if (step.does) {
      const body = JSON.stringify(step.does).replace(
        /\{((?:agent|supervisor)\d)\}/g,
        (_, name) => `${server.url}/users/${USERS[name]}`,
      );
      const reply =
        step.by === "visitor" ? await visitor.post(body) : await agents[step.by].post(path(step, chat), body);
      fits("reply", reply.json);
      assert.equal(reply.json.statusCode, step.code ?? 0, `${place}: ${reply.text}`);
    }
    for (const [name, lines] of Object.entries(step.hears ?? {})) {
      const heard = [];
      while (heard.length < lines.length) {
        const data = fits("notification", await agents[name].hears());
        // Agents learn the chat's id from what they hear.
        chat ??= data.chat?.id;
        heard.push(summary(data));
      }
      assert.deepEqual(heard, lines, `${place}: what ${name} hears`);
    }
    if (step.visitor) {
      const { state, participants } = fits("customer-chat", await visitor.chat());
      const reads = (await visitor.messages()).map((one) => message(fits("message", one)));
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
