"""PyPI aiocometd-noloop. It shakes hands by long-polling whatever it uses afterwards, and subscribes
again by itself after each handshake, in the request that connects."""

import asyncio
import json
import os
import sys

from aiocometd_noloop import AuthExtension, Client, ConnectionType, Extension


def report(message):
    print(json.dumps(message), flush=True)


class Report(Extension):
    """Says which meta messages come in."""

    async def outgoing(self, payload, headers):
        pass

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message["channel"].startswith("/meta/"):
                report(message)


class Login(AuthExtension):
    """Sends the credentials with each request."""

    async def outgoing(self, payload, headers):
        headers["Authorization"] = os.environ["WATCH_AUTHORIZATION"]

    async def incoming(self, payload, headers=None):
        pass

    async def authenticate(self):
        pass


async def listen(client):
    for channel in os.environ["WATCH_CHANNELS"].split(" "):
        await client.subscribe(channel)
    async for message in client:
        report(message)


def complain(loop, context):
    # When it ends, the library stumbles over its own poll, which it has cancelled.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def watch():
    asyncio.get_running_loop().set_exception_handler(complain)
    client = Client(
        os.environ["WATCH_URL"],
        ConnectionType(os.environ["WATCH_TRANSPORT"]),
        # Seconds without a server after which it would give up.
        connection_timeout=60,
        extensions=[Report()],
        auth=Login(),
    )
    async with client:
        listening = asyncio.create_task(listen(client))
        end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await asyncio.wait([listening, end], return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
        listening.cancel()


asyncio.run(watch())
