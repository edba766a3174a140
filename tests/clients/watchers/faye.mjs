// npm `faye`. It shakes hands by long-polling, goes on with a web socket if the server has one, and
// subscribes again by itself after each handshake.

import faye from "faye";

import { orders, report, untilTheEnd } from "./report.mjs";

// Seconds until it tries again what failed; 5 if nobody says otherwise.
const client = new faye.Client(orders.url, { retry: 1 });
client.setHeader("Authorization", orders.authorization);
if (orders.transport !== "websocket") {
  client.disable("websocket");
}
client.addExtension({
  incoming(message, goOn) {
    if (message.channel?.startsWith("/meta/")) {
      report(message);
    }
    goOn(message);
  },
});
for (const wanted of orders.channels) {
  client.subscribe(wanted).withChannel((channel, data) => report({ channel, data }));
}
untilTheEnd((done) => client.disconnect().then(done, done));
