// CometD's server for Node.js, with its own defaults.

import http from "node:http";
import cometd from "cometd-nodejs-server";

const bayeux = cometd.createCometDServer();
const server = http.createServer(bayeux.handle);
server.listen(0, "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}/`);
});
