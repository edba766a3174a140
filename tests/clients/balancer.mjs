// A small TCP balancer in front of several servers, as an installation of several nodes has one: each new
// connection goes to the first of them that takes it, whoever was first in its turn.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Balancer {
  #listener = createServer((client) => this.#join(client));
  #targets;
  #turn = 0;
  #open = new Set();

  // In front of the servers at `urls`.
  static async before(urls) {
    const balancer = new Balancer();
    balancer.#targets = urls.map((url) => new URL(url));
    balancer.#listener.listen(0, "127.0.0.1");
    await once(balancer.#listener, "listening");
    const own = new URL(urls[0]);
    own.port = balancer.#listener.address().port;
    balancer.url = own.href;
    return balancer;
  }

  close() {
    this.#open.forEach((socket) => socket.destroy());
    this.#listener.close();
  }

  #join(client) {
    this.#keep(client);
    client.on("error", () => client.destroy());
    this.#turn += 1;
    this.#reach(client, this.#turn, this.#targets.length);
  }

  #reach(client, at, left) {
    if (left === 0) {
      client.destroy();
      return;
    }
    const { hostname, port } = this.#targets[at % this.#targets.length];
    const server = connect(port, hostname);
    const next = () => this.#reach(client, at + 1, left - 1);
    server.once("error", next);
    server.once("connect", () => {
      server.off("error", next);
      this.#keep(server);
      for (const [one, other] of [[client, server], [server, client]]) {
        one.setNoDelay(true);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
  }

  #keep(socket) {
    this.#open.add(socket);
    socket.on("close", () => this.#open.delete(socket));
  }
}
