// Nothing that was acknowledged is lost, and nobody misses or hears anything twice, however often a
// server is killed that keeps its chats in a file.
//
// Agents change their chats without a pause; the server is killed again and again at moments that
// chance chooses, sometimes while it starts, and sometimes it is asked to end. Afterwards the journal
// is the judge: of the senders, who know what was acknowledged, and of the subscribers. KILLS says
// how many kills, and SEED repeats the choices of a run that printed it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { WAYS } from "./clients.mjs";
import { Agent } from "./people.mjs";
import { withServer } from "./server.mjs";
import { chance, journalOf, Ledger, said } from "./storm.mjs";
import { Watcher } from "./watcher.mjs";

const KILLS = Number(process.env.KILLS ?? 6);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

// How each agent's subscribers listen. The first one of each acknowledges.
const LISTENERS = {
  agent1: ["npm cometd 9, long-polling, ack", "npm cometd 9, websocket, ack", "npm cometd 3.1.14, long-polling, ack"],
  agent2: ["npm cometd 9, long-polling, ack", "npm cometd 9, long-polling"],
  agent3: ["npm cometd 9, websocket, ack", "npm cometd 9, websocket"],
};
// How long a server lives at most after it is seen to work.
const LIFE_MS = 800;
const SENDERS_PER_AGENT = 3;
// User data are told whole with each change, so they are spread.
const CHATS_PER_AGENT = 4 + Math.ceil(KILLS / 2);

const chatsOf = (name) => Array.from({ length: CHATS_PER_AGENT }, (_, at) => `storm-${name}-${at}`);
const goodbyeTo = (name) => `goodbye-to-${name}`;
const NAMES = Object.keys(LISTENERS);
const participants = [
  { nickname: "Chris", type: "Customer", participantId: "007352CE982D031B" },
  { nickname: "Amy", type: "Agent", participantId: "007352CE984F0321" },
];
const CHATS = NAMES.flatMap((owner) =>
  [...chatsOf(owner), goodbyeTo(owner)].map((id) => ({ id, state: "Chatting", owner, participants })),
);

test("what was acknowledged is there once, and heard once, after every kill", async (t) => {
  t.diagnostic(`SEED=${SEED} KILLS=${KILLS}`);
  const random = chance(SEED);
  await withServer({ chats: CHATS, isDurable: true }, async (server) => {
    const agents = NAMES.map((name) => new Agent(server, name));
    const subscribers = agents.flatMap((agent) =>
      LISTENERS[agent.name].map((name) => new Subscriber(server, agent, name)),
    );
    await Promise.all(subscribers.map(({ watcher }) => watcher.ready()));
    const listening = Promise.all(subscribers.map((one) => one.listen()));

    const ledger = new Ledger();
    const over = new AbortController();
    const sending = Promise.all(
      agents.flatMap((agent) =>
        Array.from({ length: SENDERS_PER_AGENT }, () =>
          ledger.send(agent, chatsOf(agent.name), random, over.signal),
        ),
      ),
    );
    const storming = killOften(server, subscribers, chance(SEED ^ 1), over.signal);
    // Whoever fails ends it for all.
    const ends = await Promise.race([storming, sending, listening]).finally(() => {
      over.abort();
      return Promise.allSettled([storming]);
    });
    await sending;
    await Promise.all(
      agents.map((agent) =>
        agent.succeeds(`/me/chats/${goodbyeTo(agent.name)}`, { operationName: "SetInFocus" }),
      ),
    );
    await listening;
    await Promise.all(subscribers.map(({ watcher }) => watcher.hangUp()));
    server.clients.clear();
    await server.stop("SIGTERM");

    assert.match(await server.store("check"), /: everything fits together$/);
    const journal = journalOf(await server.store("export"));
    const applied = ledger.compare(journal);
    const repeated = compare(subscribers, journal);

    const delivered = subscribers.reduce((sum, { heard }) => sum + heard.length, 0);
    t.diagnostic(
      `${ends.killed} kills and ${ends.killedAtStart} while it started, asked to end ${ends.asked} times: ` +
        `${ledger.acknowledged.size} operations acknowledged; ` +
        `${ledger.unknown.size} of unknown outcome, ${applied} of them applied; ${ledger.unsent} not sent; ` +
        `${delivered} events delivered to ${subscribers.length} subscribers, ` +
        `${repeated} of them again to those who do not acknowledge; 0 lost, doubled or reordered`,
    );
  });
});

// Ends the server until it was killed often enough.
async function killOften(server, subscribers, random, signal) {
  const ends = { killed: 0, killedAtStart: 0, asked: 0 };
  const aborted = once(signal, "abort");
  let inRow = 0;
  while (ends.killed + ends.killedAtStart < KILLS && !signal.aborted) {
    // Half of the time everybody has found back before the next end, and soon enough: clients wait
    // longer after each try that fails.
    inRow += 1;
    if (random() < 0.5 || inRow > 4) {
      inRow = 0;
      const before = subscribers.map(({ heard }) => heard.length);
      const found = Promise.all(subscribers.map((one, at) => one.hearsMoreThan(before[at])));
      await Promise.race([found, aborted]);
    }
    await sleep(random() * LIFE_MS);
    // However short the run, one end of each kind is part of it.
    const kind = ends.asked === 0 ? 0 : ends.killedAtStart === 0 ? 0.2 : random();
    if (kind < 0.2) {
      ends.asked += 1;
      await server.restart("SIGTERM");
    } else if (kind < 0.35) {
      ends.killed += 1;
      ends.killedAtStart += 1;
      await server.stop("SIGKILL");
      await server.stumble(random() * 60);
      await server.resume();
    } else {
      ends.killed += 1;
      await server.restart("SIGKILL");
    }
  }
  return ends;
}

// Somebody who listens to an agent's chats until the goodbye, whatever becomes of the server.
class Subscriber {
  // What was heard: chat and what it says.
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
      const data = await this.watcher.hears();
      if (data.chat?.id === goodbyeTo(this.user)) {
        return;
      }
      const chat = data.chat?.id ?? data.chatPath.split("/").at(-1);
      this.heard.push({ chat, hears: said(data) });
      this.#waiting = this.#waiting.filter((look) => !look());
    }
  }

  hearsMoreThan(count) {
    return new Promise((resolve) => {
      this.#waiting.push(() => this.heard.length > count && (resolve(), true));
    });
  }
}

// Finds that every subscriber heard what the journal holds, in its order; returns how often those who
// do not acknowledge heard something again.
function compare(subscribers, journal) {
  let repeated = 0;
  for (const user of NAMES) {
    const ours = subscribers.filter((one) => one.user === user);
    const [first] = ours;
    // Chat by chat, as a chat's records have an order.
    for (const chat of chatsOf(user)) {
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
      assert.equal(watcher.handshakes.length, 1, `${name}: sessions`);
      assert.equal(watcher.losses, 0, name);
    }
  }
  return repeated;
}
