// Agents on two servers with one database, and subscribers on the server that their agent does not use:
// nobody misses an event, hears one twice or out of order. How long an event takes from one server to a
// client of the other is printed.
//
// EVENTS says how many operations, each of which is one event, and SEED repeats the choices of a run that
// printed it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Agent } from "./people.mjs";
import { withTwoServers } from "./sites.mjs";
import { chance, chatsFor, chatsOf, journalOf, Ledger } from "./storm.mjs";
import { compareHeard, sayGoodbye, Subscriber } from "./subscribers.mjs";

const EVENTS = Number(process.env.EVENTS ?? 500);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

// Whose operations go to which server, and where its subscribers listen.
const AGENTS = { agent1: { at: [0], listens: [1] }, agent2: { at: [1], listens: [0] }, agent3: { at: [0, 1], listens: [0, 1] } };
const NAMES = Object.keys(AGENTS);
const WAYS = ["npm cometd 9, long-polling, ack", "npm cometd 9, websocket, ack"];
const SENDERS_PER_AGENT = 4;
const BETWEEN_OPERATIONS_MS = 40;
// User data are told whole with each change, so they are spread.
const CHATS_PER_AGENT = Math.max(4, Math.ceil(EVENTS / NAMES.length / 50));

test("what is done on one server is heard once and in order on the other", async (t) => {
  t.diagnostic(`SEED=${SEED} EVENTS=${EVENTS}`);
  await withTwoServers(chatsFor(NAMES, CHATS_PER_AGENT), async (servers) => {
    // Each agent at the servers that it uses, in turn.
    const agents = NAMES.map((name) => AGENTS[name].at.map((at) => new Agent(servers[at], name)));
    const subscribers = agents.flatMap(([agent]) =>
      AGENTS[agent.name].listens.flatMap((at) => WAYS.map((way) => new Subscriber(servers[at], agent, way))),
    );
    await Promise.all(subscribers.map(({ watcher }) => watcher.ready()));
    const listening = Promise.all(subscribers.map((one) => one.listen()));

    const random = chance(SEED);
    const ledger = new Ledger();
    const isEnough = () => ledger.acknowledged.size >= EVENTS;
    const began = performance.now();
    const sending = Promise.all(
      agents.flatMap((places) =>
        Array.from({ length: SENDERS_PER_AGENT }, (_, number) => {
          const agent = places[number % places.length];
          return ledger.send(agent, chatsOf(agent.name, CHATS_PER_AGENT), random, isEnough, BETWEEN_OPERATIONS_MS);
        }),
      ),
    );
    // Whoever fails ends it for all.
    await Promise.race([sending, listening]);
    await sending;
    const seconds = (performance.now() - began) / 1_000;
    await sayGoodbye(agents.map(([agent]) => agent));
    await listening;
    await Promise.all(subscribers.map(({ watcher }) => watcher.hangUp()));
    for (const server of servers) {
      server.clients.clear();
      await server.stop("SIGTERM");
    }

    assert.equal(ledger.unknown.size + ledger.unsent, 0, "nothing was killed");
    assert.match(await servers[0].store("check"), /: everything fits together$/);
    const journal = journalOf(await servers[0].store("export"));
    ledger.compare(journal);
    compareHeard(NAMES, CHATS_PER_AGENT, subscribers, journal);
    const delivered = subscribers.reduce((sum, { heard }) => sum + heard.length, 0);
    const rate = ledger.acknowledged.size / seconds;
    t.diagnostic(
      `${ledger.acknowledged.size} operations on two servers, ${rate.toFixed(0)} in a second: ` +
        `${delivered} events delivered to ${subscribers.length} subscribers; 0 lost, doubled or reordered`,
    );
    const across = subscribers.filter(({ user }) => AGENTS[user].at.length === 1);
    for (const way of WAYS) {
      tellDelays(t, way, across.filter((one) => one.way.name === way), ledger, journal);
    }
  });
});

// Prints how long events took to the other server's clients. All processes of a machine share the clock
// of `hrtime`.
function tellDelays(t, way, subscribers, ledger, journal) {
  const numbers = new Map();
  for (const [chat, told] of journal) {
    told.forEach(({ number, hears }) => numbers.set(`${chat}: ${hears}`, number));
  }
  const delays = (since) =>
    subscribers.flatMap(({ heard }) =>
      heard.map(({ chat, hears, at }) => at - ledger.times.get(numbers.get(`${chat}: ${hears}`))[since]),
    );
  const sent = delays("sent");
  assert.ok(sent.every((ms) => ms > 0), "nothing is heard before it is sent");
  const told = Object.entries({ "its sending": sent, "its acknowledgement": delays("acknowledged") }).map(
    ([since, all]) => `after ${since} p50 ${percentile(all, 50)} ms, p99 ${percentile(all, 99)} ms`,
  );
  t.diagnostic(`${way}: ${sent.length} events arrived from the other server ${told.join("; ")}`);
}

function percentile(values, percent) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1].toFixed(1);
}
