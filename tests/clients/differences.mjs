// What clients that are not ours do otherwise than the rest, and why. The tests find each of these
// again, so that one which is gone does not stay here.

export const DIFFERENCES = {
  "PyPI aiocometd-noloop": {
    // It subscribes in the request that connects. If that is answered 402, it takes the reply to the
    // subscription, which repeats the channel (BAYEUX-5.1), for the channel's end, and is deaf after
    // the handshake that follows. It happens if a first handshake failed (BAYEUX-14.6).
    handshakeFailed: ["it lost its subscription to /v2/me/chats"],
  },
};
