// npm `cometd` in the generation that the first argument names: 9, or 3 as the vendor's own desktop
// ships it (BAYEUX-14.1, NOTIF-1.6). Both are written for a browser; the adapter brings its parts.

import { createRequire } from "node:module";

import { adapt } from "cometd-nodejs-client";
import { AckExtension as AckExtension9 } from "cometd/AckExtension.js";
import { CometD as CometD9 } from "cometd";

import { now, orders, report, untilTheEnd } from "./report.mjs";

// Standard output is for what is heard.
console.log = console.info = console.error;
adapt();
const [CometD, AckExtension] =
  process.argv[2] === "3" ? generation3() : [CometD9, AckExtension9];

function generation3() {
  const require = createRequire(import.meta.url);
  return [require("cometd-3").CometD, require("cometd-3/AckExtension.js")];
}

// A page cannot give headers to a web socket: it has the cookie of a login. Where there is none, the
// credentials go where the address has room for them.
const url = new URL(orders.url);
if (orders.cookie) {
  window.WebSocket = class extends window.WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { headers: { Cookie: orders.cookie } });
    }
  };
} else if (orders.transport !== "long-polling") {
  [url.username, url.password] = atob(orders.authorization.replace("Basic ", "")).split(":");
}

const cometd = new CometD();
cometd.unregisterTransport("callback-polling");
for (const other of ["websocket", "long-polling"]) {
  if (orders.transport !== "any" && orders.transport !== other) {
    cometd.unregisterTransport(other);
  }
}
cometd.configure({
  url: url.href,
  requestHeaders: orders.cookie
    ? { Cookie: orders.cookie }
    : { Authorization: orders.authorization },
  logLevel: "warn",
});
if (!orders.cookies) {
  cometd.findTransport("long-polling").context = { cookieStore: {} };
}
if (orders.ack) {
  cometd.registerExtension("ack", new AckExtension());
}
for (const meta of ["handshake", "connect", "subscribe", "disconnect"]) {
  cometd.addListener(`/meta/${meta}`, report);
}
// After each handshake, also one that the client makes by itself, subscriptions are made anew
// (NOTIF-5.1).
cometd.addListener("/meta/handshake", (reply) => {
  if (reply.successful) {
    cometd.batch(() => {
      for (const channel of orders.channels) {
        cometd.subscribe(channel, ({ channel, data }) => report({ channel, data, at: now() }));
      }
    });
  }
});
cometd.handshake();
untilTheEnd((done) => cometd.disconnect(done));
