// Notifications, by npm's `cometd` as it is: what is written here is what an application has to do around it.
// After every handshake it subscribes (again), because the client forgets its subscriptions then, and a
// session that was lost is told apart from a network that is.

import { AckExtension, CometD, LongPollingTransport } from "../cometd/cometd.js";
import { API } from "./session.js";

const CHANNELS = ["/v2/me/chats", "/v2/me/channels", "/v2/me"];

/**
 * One agent's notifications. `on` hears of
 *
 * - `listening(lost, transport)`: the session is there and everything is subscribed; `lost` says what became
 *   of the one before, if there was one;
 * - `event(message)`: something happened;
 * - `connected()`: a poll was answered;
 * - `broken(why)`: nothing can be heard for now; the client tries again by itself;
 * - `lost(error)`: the server does not know the session any more; a new one is on the way;
 * - `ended()`: the server says that it is over;
 * - `wire(direction, message)`: every message of the protocol.
 */
export class Listener {
  #cometd = new CometD("console");
  #on;
  #lost;
  #isOver = false;

  constructor({ authorization, transport, on }) {
    this.#on = on;
    const cometd = this.#cometd;
    if (authorization) {
      cometd.unregisterTransport("websocket");
      cometd.unregisterTransport("long-polling");
      cometd.registerTransport("long-polling", new CookielessPolling());
    } else if (transport === "long-polling") {
      cometd.unregisterTransport("websocket");
    }
    cometd.unregisterTransport("callback-polling");
    // What was on its way when a connection broke is sent again.
    cometd.registerExtension("ack", new AckExtension());
    cometd.registerExtension("console", {
      incoming: (message) => on.wire("in", message),
      outgoing: (message) => on.wire("out", message),
    });
    cometd.configure({
      url: `${API}/notifications`,
      requestHeaders: authorization ? { Authorization: authorization } : {},
      // A worker of its own would be a script from nowhere, which the page's policy refuses.
      useWorkerScheduler: false,
      maxBackoff: 5_000,
      logLevel: "warn",
    });
    cometd.addListener("/meta/handshake", (reply) => this.#shaken(reply));
    cometd.addListener("/meta/connect", (reply) => this.#connected(reply));
  }

  start() {
    this.#cometd.handshake();
  }

  /** Tells the server that nobody listens any more. */
  stop() {
    this.#isOver = true;
    this.#cometd.disconnect();
  }

  #shaken(reply) {
    if (this.#isOver) return;
    if (!reply.successful) {
      this.#on.broken(why(reply));
      return;
    }
    let missing = CHANNELS.length;
    const subscribed = (answer) => {
      missing -= 1;
      if (!answer.successful) {
        this.#on.broken(`${answer.subscription}: ${why(answer)}`);
      } else if (missing === 0) {
        this.#on.listening(this.#lost, this.#cometd.getTransport()?.type);
        this.#lost = undefined;
      }
    };
    this.#cometd.batch(() => {
      for (const channel of CHANNELS) {
        this.#cometd.subscribe(channel, (message) => this.#on.event(message), subscribed);
      }
    });
  }

  #connected(reply) {
    if (this.#isOver) return;
    if (reply.advice?.reconnect === "none") {
      // The contact centre session ended (DEC-45).
      this.#isOver = true;
      this.#on.ended();
    } else if (reply.successful) {
      this.#on.connected();
    } else if (reply.failure) {
      this.#on.broken(why(reply));
    } else {
      this.#lost = reply.error ?? "no reason was given";
      this.#on.lost(this.#lost);
    }
  }
}

function why(reply) {
  const { failure } = reply;
  return reply.error ?? failure?.reason ?? (failure?.httpCode ? `HTTP ${failure.httpCode}` : "no answer");
}

// The long polling of the client, without the cookies that the browser would add: they may be those of
// another tab, in which somebody else is at work.
class CookielessPolling extends LongPollingTransport {
  xhrSend(packet) {
    const stop = new AbortController();
    const request = { status: 0, abort: () => stop.abort() };
    fetch(packet.url, {
      method: "POST",
      headers: { ...packet.headers, "Content-Type": "application/json" },
      body: packet.body,
      credentials: "omit",
      signal: stop.signal,
    })
      .then(async (response) => {
        request.status = response.status;
        if (response.status !== 200) throw new Error(response.statusText || `HTTP ${response.status}`);
        return response.text();
      })
      .then(packet.onSuccess, (error) => packet.onError(error.message));
    return request;
  }
}
