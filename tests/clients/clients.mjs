// The clients that nobody here wrote: how each is started, and what it can do.

import { fileURLToPath } from "node:url";

const file = (name) => fileURLToPath(new URL(`watchers/${name}`, import.meta.url));

// `cargo xtask test` installs them and says where they are.
function program(variable) {
  const found = process.env[variable];
  if (!found) {
    throw new Error(`expected a program in ${variable}; \`cargo xtask test\` sets it`);
  }
  return found;
}

const node = (...words) => () => [process.execPath, ...words];

const CLIENTS = [
  {
    name: "npm cometd 9",
    command: node(file("cometd.mjs"), "9"),
    transports: ["long-polling", "websocket"],
    acks: [false, true],
  },
  {
    name: "npm cometd 3.1.14",
    command: node(file("cometd.mjs"), "3"),
    transports: ["long-polling", "websocket"],
    acks: [false, true],
  },
  {
    name: "npm faye",
    command: node(file("faye.mjs")),
    transports: ["long-polling", "websocket"],
  },
  {
    name: "PyPI aiocometd-noloop",
    command: () => [program("CLIENTS_PYTHON"), file("aiocometd.py")],
    transports: ["long-polling", "websocket"],
  },
  {
    name: "Debian ruby-faye",
    command: () => [program("CLIENTS_RUBY"), file("faye.rb")],
    transports: ["long-polling", "websocket"],
  },
  {
    name: "curl",
    command: () => ["bash", file("curl.sh")],
    transports: ["long-polling"],
  },
];

// Every way in which each of them can be used.
export const WAYS = CLIENTS.flatMap(({ name, command, transports, acks = [false] }) =>
  transports.flatMap((transport) =>
    acks.map((ack) => ({
      name: `${name}, ${transport}${ack ? ", ack" : ""}`,
      client: name,
      command,
      transport,
      ack,
      cookies: true,
    })),
  ),
);

// The one that a test takes to which it does not matter.
export const ANY = WAYS[0];
