// The people of a conversation: agents, who hear by npm `cometd`, and a visitor, who polls.

import { adapt } from "cometd-nodejs-client";
import { AckExtension } from "cometd/AckExtension.js";
import { CometD } from "cometd";

import { CONTACT_CENTER, USERS } from "./server.mjs";

adapt();

// No test waits for time to pass; this bounds the wait for what never comes.
const PATIENCE_MS = 15_000;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected ${what}, it did not come`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function ask(url, { method = "GET", headers = {}, body } = {}) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, json: JSON.parse(text) };
}

export class Agent {
  #server;
  #cometd;
  #heard = [];
  #waiting = [];

  constructor(server, name) {
    this.#server = server;
    this.name = name;
    this.id = USERS[name];
    this.authorization = "Basic " + Buffer.from(`${name}:${name}`).toString("base64");
  }

  // Opens a notification session and subscribes; everything on `channels` is kept in order.
  async listen({ channels = ["/v2/me/chats"], ack = false, cookies = true } = {}) {
    const cometd = new CometD();
    cometd.unregisterTransport("websocket");
    cometd.unregisterTransport("callback-polling");
    cometd.configure({
      url: `${this.#server.url}/notifications`,
      requestHeaders: { Authorization: this.authorization },
      logLevel: "warn",
    });
    if (!cookies) {
      // A client that drops cookies. The others share the one jar that the adapter has for all
      // clients of a process, as several agents in one program do.
      cometd.findTransport("long-polling").context = { cookieStore: {} };
    }
    if (ack) {
      cometd.registerExtension("ack", new AckExtension());
    }
    this.#cometd = cometd;
    this.#server.clients.add(this);
    const succeeded = (what, start) =>
      within(
        new Promise((resolve, reject) => {
          start((reply) =>
            reply.successful ? resolve(reply) : reject(new Error(`${what}: ${JSON.stringify(reply)}`)),
          );
        }),
        `${this.name}'s ${what}`,
      );
    this.handshake = await succeeded("handshake", (done) => cometd.handshake(done));
    for (const channel of channels) {
      const hear = (event) => this.#take(event.data);
      await succeeded(`subscription to ${channel}`, (done) => cometd.subscribe(channel, hear, done));
    }
  }

  async hangUp() {
    if (this.#server.clients.delete(this) && !this.#cometd.isDisconnected()) {
      await within(new Promise((done) => this.#cometd.disconnect(done)), `${this.name}'s disconnect`);
    }
  }

  // The next event, in the order of arrival; none is skipped.
  hears() {
    const next = this.#heard.length
      ? Promise.resolve(this.#heard.shift())
      : new Promise((resolve) => this.#waiting.push(resolve));
    return within(next, `an event for ${this.name}`);
  }

  #take(data) {
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting(data);
    } else {
      this.#heard.push(data);
    }
  }

  get(path) {
    return ask(this.#server.url + path, { headers: { Authorization: this.authorization } });
  }

  post(path, body) {
    const headers = { Authorization: this.authorization };
    return ask(this.#server.url + path, { method: "POST", headers, body });
  }

  async succeeds(path, body) {
    const reply = await this.post(path, body);
    if (reply.status !== 200 || reply.json.statusCode !== 0) {
      throw new Error(`${this.name} ${path} ${JSON.stringify(body)}: ${reply.status} ${reply.text}`);
    }
    return reply.json;
  }

  startSession() {
    return this.succeeds("/me", { operationName: "StartContactCenterSession", channels: ["chat"] });
  }

  becomes(state) {
    return this.succeeds("/me/channels/chat", { operationName: state });
  }
}

export class Visitor {
  #server;
  #path;
  #headers = { ContactCenterId: CONTACT_CENTER };

  constructor(server) {
    this.#server = server;
  }

  async post(body) {
    const url = this.#server.url + (this.#path ?? "/chats");
    const reply = await ask(url, { method: "POST", headers: this.#headers, body });
    if (!this.#path && reply.json.id) {
      this.#path = `/chats/${reply.json.id}`;
    }
    return reply;
  }

  async chat() {
    return (await ask(this.#server.url + this.#path, { headers: this.#headers })).json.chat;
  }

  // What is new in the transcript since the last call.
  async messages() {
    const url = `${this.#server.url}${this.#path}/messages`;
    return (await ask(url, { headers: this.#headers })).json.messages;
  }
}
