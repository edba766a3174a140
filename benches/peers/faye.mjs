// Faye's server for Node.js, with its own defaults.

import http from "node:http";
import faye from "faye";

const server = http.createServer();
new faye.NodeAdapter({ mount: "/" }).attach(server);
server.listen(0, "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}/`);
});
