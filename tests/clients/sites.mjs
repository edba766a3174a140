// Two servers on one PostgreSQL, as an installation of several nodes has them.

import { Balancer } from "./balancer.mjs";
import { withDatabase } from "./database.mjs";
import { withServer } from "./server.mjs";

// Lends `work` two servers that have `chats` and are one system, and the database behind them.
export function withTwoServers(chats, work) {
  return withDatabase(process.env.CLIENTS_POSTGRES, (database) =>
    withServer({ chats, store: database.url }, (first) =>
      withServer({ store: database.url }, (second) => work([first, second], database)),
    ),
  );
}

// Lends them with a balancer in front, whose address clients are given.
export function withBalancer(chats, work) {
  return withTwoServers(chats, async (servers, database) => {
    const balancer = await Balancer.before(servers.map(({ url }) => url));
    servers[0].afterwards.push(() => balancer.close());
    await work({ servers, door: { url: balancer.url, clients: servers[0].clients } }, database);
  });
}
