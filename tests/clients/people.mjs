// The people of a conversation: agents, who hear by a client that is not ours, and a visitor, who
// polls.

import { ANY } from "./clients.mjs";
import { isDocumented } from "./contract.mjs";
import { CONTACT_CENTER, USERS } from "./server.mjs";
import { Watcher } from "./watcher.mjs";

// Asks the interface: what it answers has to be what its document says.
export async function ask(url, { method = "GET", ...rest } = {}) {
  const answer = await request(url, { method, ...rest });
  isDocumented(method, url, answer.status, answer.json);
  return answer;
}

// Asks the endpoint of the operator, which is not part of the interface.
export function administer(url, options) {
  return request(url, options);
}

async function request(url, { method = "GET", headers = {}, body } = {}) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

export class Agent {
  #server;

  constructor(server, name) {
    this.#server = server;
    this.name = name;
    this.id = USERS[name];
    this.authorization = "Basic " + Buffer.from(`${name}:${name}`).toString("base64");
  }

  // Opens a notification session and subscribes, by one of the ways of `clients.mjs`.
  async listen(way = ANY, channels = ["/v2/me/chats"]) {
    this.watcher = new Watcher(this.#server.url, this.authorization, way, channels);
    this.#server.clients.add(this.watcher);
    await this.watcher.ready();
  }

  // The next event on /v2/me/chats.
  hears() {
    return this.watcher.hears();
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
