// Who listens to an agent's chats through a storm, whatever becomes of the servers, and the comparison of
// what they heard with the journal.

import assert from "node:assert/strict";

import { WAYS } from "./clients.mjs";
import { eventually } from "./patience.mjs";
import { chatsOf, goodbyeTo, said } from "./storm.mjs";
import { Watcher } from "./watcher.mjs";

// Listens until the goodbye.
export class Subscriber {
  // What was heard: chat and what it says, and when.
  heard = [];
  #waiting = [];

  constructor(server, agent, name) {
    this.user = agent.name;
    this.name = `${name} of ${agent.name}`;
    this.way = WAYS.find((way) => way.name === name);
    this.watcher = new Watcher(server.url, agent.authorization, this.way, ["/v2/me/chats"]);
    server.clients.add(this.watcher);
  }

  async listen() {
    for (;;) {
      const { data, at } = await this.watcher.hearsWhen().catch((why) => {
        throw new Error(`${this.name}, after ${this.heard.length} events: ${why.message}`);
      });
      if (data.chat?.id === goodbyeTo(this.user)) {
        return;
      }
      const chat = data.chat?.id ?? data.chatPath.split("/").at(-1);
      this.heard.push({ chat, hears: said(data), at });
      this.#waiting = this.#waiting.filter((look) => !look());
    }
  }

  hearsMoreThan(count) {
    return new Promise((resolve) => {
      this.#waiting.push(() => this.heard.length > count && (resolve(), true));
    });
  }
}

// Lets each of `agents` do the last thing that its subscribers listen for.
export async function sayGoodbye(agents) {
  for (const agent of agents) {
    const bye = () => agent.post(`/me/chats/${goodbyeTo(agent.name)}`, { operationName: "SetInFocus" });
    // The last kill may be felt still.
    const done = () => bye().then(({ status }) => status === 200, () => false);
    await eventually(done, `${agent.name}'s goodbye`);
  }
}

// Finds that every subscriber of the `count` chats of each of `names` heard what the journal holds, in its
// order; returns how often those who do not acknowledge heard something again.
export function compareHeard(names, count, subscribers, journal) {
  let repeated = 0;
  for (const user of names) {
    const ours = subscribers.filter((one) => one.user === user);
    // Who was told that the session is lost reads everything anew; nobody had to.
    for (const { name, watcher } of ours) {
      assert.deepEqual([watcher.handshakes.length, watcher.losses], [1, 0], `${name}: sessions and losses`);
    }
    const [first] = ours;
    // Chat by chat, as a chat's records have an order.
    for (const chat of chatsOf(user, count)) {
      const heard = first.heard.filter((one) => one.chat === chat).map(({ hears }) => hears);
      assert.deepEqual(heard, journal.get(chat).map(({ hears }) => hears), `${first.name}, ${chat}`);
    }
    // And all of them in one order, that of the user's feed.
    const feed = first.heard.map(({ chat, hears }) => `${chat}: ${hears}`);
    const places = new Map(feed.map((event, at) => [event, at]));
    for (const { name, way, heard, watcher } of ours) {
      const found = heard.map(({ chat, hears }) => places.get(`${chat}: ${hears}`));
      if (way.ack) {
        assert.deepEqual(found, [...feed.keys()], name);
      } else {
        // It goes back to where it is known to have been, and never forward over something.
        found.forEach((place, at) => {
          const next = at === 0 ? 0 : found[at - 1] + 1;
          assert.ok(place <= next, `${name} heard ${feed[place]} after ${feed[next - 1]}`);
        });
        assert.equal(new Set(found).size, feed.length, name);
        repeated += found.length - feed.length;
      }
    }
  }
  return repeated;
}
