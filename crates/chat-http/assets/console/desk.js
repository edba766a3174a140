// What an agent has on the desk: the chats, their transcripts and the agent's readiness, kept up to date by
// notifications and read again whenever some may have been missed. Knows nothing of how it is shown.

import { Listener } from "./listener.js";
import { Refused, Unreachable } from "./session.js";

const FINAL = ["Completed", "Revoked"];

/** The operations on the user data of a chat take raw JSON, so that no digit of a number is lost. */
const withUserData = (operationName, key, value) =>
  `{"operationName":"${operationName}","userData":{${JSON.stringify(key)}:${value}}}`;

/**
 * The desk of a logged-in agent. `on` hears of
 *
 * - `chat(chat, change)`: a chat is new or different; `change` is `{ entries, isNew, userData }`;
 * - `gone(chat)`: it is no longer on the desk;
 * - `failed(chat, message)`: an operation that was accepted came to nothing later;
 * - `readiness(channel)`: the chat channel's state, or undefined without one;
 * - `connection(word, detail)`: `connecting`, `connected`, `broken`, `lost` or `recovered`;
 * - `over(why)`: nobody is logged in any more.
 */
export class Desk {
  #session;
  #listener;
  #on;
  #user;
  #chats = new Map();
  // While the state is read, what happens meanwhile waits here; it is later than what is read.
  #waiting;
  #isOver = false;
  // Whether anything was ever heard, whether nothing is heard now, and whether it is being found out why.
  #wasHeard = false;
  #isBroken = false;
  #isProbing = false;

  constructor({ session, user, transport, on, wire }) {
    this.#session = session;
    this.#user = user;
    this.#on = on;
    this.#listener = new Listener({
      authorization: session.authorization,
      transport,
      on: {
        wire,
        event: (message) => this.#hear(message),
        listening: (lost, type) => this.#listening(lost, type),
        connected: () => this.#connected(),
        broken: (why) => this.#broken(why),
        lost: (error) => on.connection("lost", error),
        ended: () => this.#end("This login was ended elsewhere: the contact centre session is over."),
      },
    });
  }

  get user() {
    return this.#user;
  }

  async open() {
    this.#on.connection("connecting");
    this.#listener.start();
  }

  // Operations. Each throws what `Session` throws.

  become(state) {
    return this.#session.post("/me/channels/chat", { operationName: state });
  }

  operate(chat, operationName, parameters = {}) {
    return this.#session.post(`/me/chats/${chat.id}`, { operationName, ...parameters });
  }

  attach(chat, key, json) {
    return this.#session.post(`/me/chats/${chat.id}`, withUserData("AttachUserData", key, json));
  }

  update(chat, key, json) {
    return this.#session.post(`/me/chats/${chat.id}`, withUserData("UpdateUserData", key, json));
  }

  remove(chat, key) {
    return this.operate(chat, "DeleteUserData", { keys: [key] });
  }

  /** Whom a chat can be given to: people other than oneself, with their readiness, and queues. */
  async targets() {
    const [{ users }, { queues }] = await Promise.all([
      this.#session.get("/users?fields=*&subresources=channels"),
      this.#session.get("/queues?fields=*"),
    ]);
    return {
      users: users
        .filter(({ id, enabled }) => id !== this.#user.id && enabled)
        .map(({ userName, uri, channels }) => ({
          name: userName,
          uri,
          state: channels?.find(({ channel }) => channel === "chat")?.userState.displayName,
        })),
      queues: queues.map(({ name, uri }) => ({ name, uri })),
    };
  }

  /** Ends the contact centre session, and with it login and notifications. */
  async leave() {
    this.#isOver = true;
    try {
      await this.#session.post("/me", { operationName: "EndContactCenterSession" });
    } finally {
      this.#listener.stop();
    }
  }

  // The notification session.

  async #listening(lost, type) {
    const waiting = (this.#waiting = []);
    this.#wasHeard = true;
    this.#isBroken = false;
    try {
      const { opened, count } = await this.#readAgain();
      this.#on.connection(lost ? "recovered" : "connected", { error: lost, type, opened, count });
    } catch (error) {
      this.#failedToRead(error, lost, type);
    } finally {
      // Otherwise the session was lost once more meanwhile, and everything is read once more.
      if (this.#waiting === waiting) {
        this.#waiting = undefined;
        waiting.forEach((message) => this.#hear(message));
      }
    }
  }

  #failedToRead(error, lost, type) {
    if (error instanceof Refused && error.isNobody) {
      this.#end("The server does not know this login any more.");
    } else if (!this.#isOver) {
      this.#on.connection("broken", error.message);
      setTimeout(() => this.#isOver || this.#listening(lost, type), 2_000);
    }
  }

  #connected() {
    if (this.#isBroken) {
      // The session survived, so nothing was missed.
      this.#isBroken = false;
      this.#on.connection("connected", {});
    }
  }

  async #broken(why) {
    // The first try may be a websocket where there are none; the client then goes on to poll.
    const isFirst = !this.#wasHeard && !this.#isBroken;
    this.#isBroken = true;
    if (!isFirst) this.#on.connection("broken", why);
    // The client says only that it failed; the interface says whether anybody is logged in.
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await this.#session.get("/me");
    } catch (error) {
      if (error instanceof Refused && error.isNobody) {
        this.#end("The server does not know this login any more: it was restarted, or the login was ended elsewhere.");
      } else if (!(error instanceof Unreachable)) {
        this.#on.connection("broken", error.message);
      }
    } finally {
      this.#isProbing = false;
    }
  }

  #end(why) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.stop();
    this.#on.over(why);
  }

  // The state.

  // Reads everything that notifications tell of (NOTIF-5.1). Opens the contact centre session where there is
  // none: at the beginning, and when the server has forgotten it.
  async #readAgain() {
    const path = "/me/?subresources=devices,calls,channels,interactions,chats";
    let { user } = await this.#session.get(path);
    const chatChannel = (of) => of.channels?.find(({ channel }) => channel === "chat");
    const opened = !chatChannel(user);
    if (opened) {
      await this.#session.post("/me", { operationName: "StartContactCenterSession", channels: ["chat"] });
      ({ user } = await this.#session.get(path));
    }
    this.#on.readiness(chatChannel(user));
    const present = new Set(user.chats.map(({ id }) => id));
    for (const chat of [...this.#chats.values()]) {
      if (!present.has(chat.id)) this.#drop(chat, { state: "Gone" });
    }
    for (const resource of user.chats) {
      await this.#catchUp(this.#merge(resource));
    }
    return { opened, count: user.chats.length };
  }

  // The lines of the transcript that came while nobody listened (NOTIF-5.2).
  async #catchUp(chat) {
    if (chat.resource.state === "Invited") return;
    const from = Math.max(0, ...chat.entries.keys()) + 1;
    const { messages } = await this.#session.get(`/me/chats/${chat.id}/messages?startIndex=${from}`);
    this.#log(chat, messages);
  }

  #hear(message) {
    if (this.#waiting) {
      this.#waiting.push(message);
      return;
    }
    const { data } = message;
    if (data.messageType === "MessageLogUpdated") {
      const chat = this.#chats.get(data.chatPath?.replace("/chats/", ""));
      if (chat) this.#log(chat, data.messages);
    } else if (data.channels) {
      const channel = data.channels.find((one) => one.channel === "chat");
      if (channel) this.#on.readiness(channel);
    } else if (data.chat) {
      this.#changed(data);
    }
  }

  #changed({ chat: resource, notificationType, errorMessage }) {
    const known = this.#chats.get(resource.id);
    if (FINAL.includes(resource.state)) {
      if (known) this.#drop(known, resource);
      return;
    }
    const chat = this.#merge(resource);
    if (notificationType === "Error") {
      this.#on.failed(chat, errorMessage ?? "The operation did not succeed.");
    }
  }

  // A notification may carry part of the resource (CHAT-2.15).
  #merge(resource) {
    const known = this.#chats.get(resource.id);
    const chat = known ?? { id: resource.id, resource: {}, entries: new Map(), typing: new Map() };
    const before = chat.resource;
    chat.resource = { ...before, ...resource };
    this.#chats.set(chat.id, chat);
    this.#on.chat(chat, { isNew: !known, before, entries: [] });
    return chat;
  }

  #log(chat, messages) {
    const fresh = messages.filter(({ index }) => !chat.entries.has(index));
    for (const entry of fresh) {
      chat.entries.set(entry.index, entry);
      const { participantId, nickname } = entry.from;
      if (entry.type === "TypingStarted") chat.typing.set(participantId, nickname);
      else chat.typing.delete(participantId);
    }
    if (fresh.length > 0) this.#on.chat(chat, { entries: fresh, before: chat.resource });
  }

  #drop(chat, resource) {
    chat.resource = { ...chat.resource, ...resource };
    this.#chats.delete(chat.id);
    this.#on.gone(chat);
  }
}
