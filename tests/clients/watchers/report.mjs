// What every watcher that is written for Node.js does in the same way: it takes its orders from the
// environment, says on standard output what its client hears, and ends with standard input.

const {
  WATCH_URL,
  WATCH_AUTHORIZATION,
  WATCH_CHANNELS,
  WATCH_TRANSPORT,
  WATCH_ACK,
  WATCH_COOKIES,
  WATCH_COOKIE,
} = process.env;

export const orders = {
  url: WATCH_URL,
  authorization: WATCH_AUTHORIZATION,
  channels: WATCH_CHANNELS.split(" "),
  transport: WATCH_TRANSPORT,
  ack: WATCH_ACK === "yes",
  cookies: WATCH_COOKIES === "yes",
  // Of a login that somebody else did; there are no credentials then.
  cookie: WATCH_COOKIE,
};

// Now, by the clock that all processes of the machine share, in milliseconds.
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

// One Bayeux message in one line.
export function report(message) {
  process.stdout.write(JSON.stringify(message) + "\n");
}

// `hangUp` ends the session; whoever does not manage that is ended by the tests.
export function untilTheEnd(hangUp) {
  process.stdin.resume();
  process.stdin.once("end", () => hangUp(() => process.exit(0)));
}
