// The orders in which two desktops were seen to start (PLAT-3.6): one reads for a while and then
// listens, with the cookie of its login; the other listens first, to everything.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WAYS } from "./clients.mjs";
import { Agent, ask, Visitor } from "./people.mjs";
import { BRISK, USERS, withServer } from "./server.mjs";
import { summary } from "./summary.mjs";
import { Watcher } from "./watcher.mjs";

// A chat of somebody else, who asks the agent's advice while the desktop is starting.
const COLLEAGUES = {
  id: "0000Wa9CAM6W00K",
  state: "Chatting",
  owner: "agent2",
  participants: [
    { nickname: "Dora", type: "Customer", participantId: "007352CE982D031C" },
    { nickname: "Bob", type: "Agent", participantId: "007352CE984F0322" },
  ],
};

const way = (client, transport) => WAYS.find((one) => one.client === client && one.transport === transport);

for (const transport of ["long-polling", "websocket"]) {
  test(`the vendor's desktop starts, by ${transport}`, async () => {
    await withServer({ chats: [COLLEAGUES] }, async (server) => {
      const desktop = new Desktop(server, "agent1");
      const mine = "/me?subresources=features,devices,channels";
      const anonymous = await desktop.get(mine);
      assert.equal(anonymous.status, 403);
      assert.equal(anonymous.json.statusCode, 20);
      const { user } = (await desktop.logIn(mine)).json;
      assert.equal(user.userName, "agent1");

      for (const path of [
        "/internal-api/me/settings?fields=*",
        "/services?fields=*",
        "/me/groups?type=BusinessUnit",
        "/internal-api/contact-center?subresources=businessAttributes",
        "/groups?type=dispositions&fields=*",
      ]) {
        await desktop.succeeds(path);
      }
      const start = { operationName: "StartContactCenterSession", channels: ["voice", "chat"] };
      const { statusCode } = (await desktop.post("/me", start)).json;
      assert.ok([0, 7].includes(statusCode), `PLAT-1.2-8 has other codes than ${statusCode}`);
      await desktop.succeeds(`/contacts/${USERS.agent1}?type=User`);

      // Nobody tells it of this: it does not listen yet.
      const colleague = new Agent(server, "agent2");
      const target = { targetUri: `${server.url}/users/${USERS.agent1}` };
      await colleague.succeeds(`/me/chats/${COLLEAGUES.id}`, { operationName: "Consult", ...target });

      await desktop.listens(way("npm cometd 3.1.14", transport), ["/v2/me/chats", "/v2/me/channels"]);
      await desktop.succeeds("/diagnostics/version");
      await desktop.succeeds("/workbins?fields=*");

      // It recovers what happened in between.
      const all = "/me/?subresources=devices,calls,channels,interactions,chats";
      const { chats, channels, devices } = (await desktop.succeeds(all)).user;
      assert.deepEqual(
        chats.map(({ id, state }) => [id, state]).sort(),
        [["0000Wa9CAM6W00J", "Chatting"], [COLLEAGUES.id, "Invited"]],
      );
      assert.ok(channels.some(({ channel }) => channel === "chat"));
      assert.deepEqual(devices, []);

      await desktop.operates("/me/channels/chat", { operationName: "NotReady" });
      await desktop.operates(`/me/chats/${COLLEAGUES.id}`, { operationName: "Accept", nickname: "Amy" });
      assert.equal(summary(await desktop.watcher.hears()), "StatusChange Chatting [] #");

      await desktop.operates("/me/channels/chat", { operationName: "Ready" });
      await new Visitor(server).post({ operationName: "RequestChat", nickname: "Chris" });
      let heard;
      do {
        heard = summary(await desktop.watcher.hears());
      } while (heard !== "StatusChange Invited []");

      await desktop.operates("/me", { operationName: "EndContactCenterSession" });
      // Login and notifications end with it (NOTIF-5.5).
      assert.equal((await desktop.get("/me")).json.statusCode, 20);
      assert.equal(await server.figure("chat_notification_sessions"), 0);
      assert.equal(desktop.watcher.handshakes.length, 1);
    });
  });
}

// PLAT-3.6-13: it tries a web socket before it polls.
for (const transport of ["long-polling", "any"]) {
  test(`a desktop that listens first starts, by ${transport}`, async () => {
    await withServer({}, async (server) => {
      const desktop = new Agent(server, "agent1");
      await desktop.listen({ ...way("npm cometd 9", "long-polling"), transport }, ["/**"]);
      const sockets = transport === "any" ? 1 : 0;
      assert.equal(await server.figure("chat_websockets"), sockets);
      const { user } = (await desktop.get("/me?subresources=*")).json;
      assert.deepEqual(user.chats.map(({ id }) => id), ["0000Wa9CAM6W00J"]);
      assert.deepEqual([user.calls, user.devices], [[], []]);
      // A client takes them for a sign that a session is open (PLAT-1.3-12).
      assert.deepEqual([user.channels, user.channelStates], [undefined, undefined]);
      assert.equal(typeof user.settings, "object");

      await desktop.startSession();
      await desktop.becomes("Ready");
      const visitor = new Visitor(server);
      await visitor.post({ operationName: "RequestChat", nickname: "Chris" });
      const { chat } = await desktop.hears();
      assert.equal(chat.state, "Invited");
      await desktop.succeeds(`/me/chats/${chat.id}`, { operationName: "Accept", nickname: "Amy" });
      assert.equal((await desktop.hears()).chat.state, "Chatting");
    });
  });
}

// BAYEUX-12.2-5: the upgrade is refused, or the type is not on the server's list.
test("clients that would rather have a web socket poll where there is none", async () => {
  const config = BRISK.replace("[notifications]", "[notifications]\nwebsocket = false");
  await withServer({ chats: [COLLEAGUES], config }, async (server) => {
    const agent = new Agent(server, "agent2");
    const watchers = [
      { ...way("npm cometd 9", "websocket"), transport: "any" },
      { ...way("npm cometd 3.1.14", "websocket"), transport: "any" },
      way("npm faye", "websocket"),
      way("Debian ruby-faye", "websocket"),
    ].map((one) => new Watcher(server.url, agent.authorization, one, ["/v2/me/chats"]));
    watchers.forEach((watcher) => server.clients.add(watcher));
    await Promise.all(watchers.map((watcher) => watcher.ready()));
    await agent.succeeds(`/me/chats/${COLLEAGUES.id}`, { operationName: "SetInFocus" });
    for (const watcher of watchers) {
      assert.equal((await watcher.hears()).chat.id, COLLEAGUES.id, watcher.way.name);
      const [{ supportedConnectionTypes }] = watcher.handshakes;
      assert.deepEqual(supportedConnectionTypes, ["long-polling"], watcher.way.name);
    }
  });
});

// An agent's desktop that keeps cookies and sends credentials once.
class Desktop {
  #server;
  #cookies = new Map();

  constructor(server, name) {
    this.#server = server;
    this.name = name;
  }

  async logIn(path) {
    const authorization = "Basic " + btoa(`${this.name}:${this.name}`);
    const reply = await this.#ask("GET", path, undefined, { Authorization: authorization });
    assert.equal(reply.status, 200, reply.text);
    assert.ok(this.#cookies.size > 0, "expected a cookie");
    return reply;
  }

  get(path) {
    return this.#ask("GET", path);
  }

  post(path, body) {
    return this.#ask("POST", path, body);
  }

  async succeeds(path) {
    return this.#succeeded(path, await this.get(path));
  }

  async operates(path, body) {
    return this.#succeeded(path, await this.post(path, body));
  }

  #succeeded(path, { status, text, json }) {
    assert.equal(status, 200, `${path}: ${text}`);
    assert.equal(json.statusCode, 0, `${path}: ${text}`);
    return json;
  }

  async listens(way, channels) {
    const withCookie = { ...way, cookies: true, cookie: this.#cookie() };
    this.watcher = new Watcher(this.#server.url, "", withCookie, channels);
    this.#server.clients.add(this.watcher);
    await this.watcher.ready();
  }

  async #ask(method, path, body, headers = {}) {
    // The internal interface is beside the public one (PLAT-1.1-3).
    const base = path.startsWith("/internal-api") ? this.#server.origin : this.#server.url;
    const cookie = this.#cookie();
    const reply = await ask(base + path, {
      method,
      headers: { ...headers, ...(cookie && { Cookie: cookie }) },
      body,
    });
    for (const line of reply.headers.getSetCookie()) {
      const [pair] = line.split(";");
      this.#cookies.set(pair.split("=")[0], pair);
    }
    return reply;
  }

  #cookie() {
    return [...this.#cookies.values()].join("; ");
  }
}
