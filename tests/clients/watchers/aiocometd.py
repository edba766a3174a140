"""PyPI aiocometd-noloop. It shakes hands by long-polling whatever it uses afterwards, and subscribes
again by itself after each handshake, in the request that connects. If it has lost its subscriptions
on the way (BAYEUX-14.6), this program makes them again, as an application has to."""

import asyncio
import json
import os
import sys
from contextlib import suppress

from aiocometd_noloop import AuthExtension, Client, ConnectionType, Extension
from aiocometd_noloop.exceptions import AiocometdException

CHANNELS = os.environ["WATCH_CHANNELS"].split(" ")


def report(message):
    print(json.dumps(message), flush=True)


class Report(Extension):
    """Says which meta messages come in."""

    def __init__(self):
        self.lost = asyncio.Event()

    async def outgoing(self, payload, headers):
        pass

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message["channel"].startswith("/meta/"):
                report(message)
            if message["channel"] == "/meta/subscribe" and not message["successful"]:
                self.lost.set()


class Login(AuthExtension):
    """Sends the credentials with each request."""

    async def outgoing(self, payload, headers):
        headers["Authorization"] = os.environ["WATCH_AUTHORIZATION"]

    async def incoming(self, payload, headers=None):
        pass

    async def authenticate(self):
        pass


async def listen(client):
    for channel in CHANNELS:
        await client.subscribe(channel)
    async for message in client:
        report(message)


async def look_after(client, lost):
    """Subscribes again to what the library has lost."""
    while True:
        await lost.wait()
        with suppress(AiocometdException):
            for channel in CHANNELS:
                if channel not in client.subscriptions:
                    await client.subscribe(channel)
                    report({"difference": f"it lost its subscription to {channel}"})
            lost.clear()
            continue
        await asyncio.sleep(0.1)


def complain(loop, context):
    # When it ends, the library stumbles over its own poll, which it has cancelled.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def watch():
    asyncio.get_running_loop().set_exception_handler(complain)
    meta = Report()
    client = Client(
        os.environ["WATCH_URL"],
        ConnectionType(os.environ["WATCH_TRANSPORT"]),
        # Seconds without a server after which it would give up.
        connection_timeout=60,
        extensions=[meta],
        auth=Login(),
    )
    async with client:
        listening = asyncio.create_task(listen(client))
        looking = asyncio.create_task(look_after(client, meta.lost))
        end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await asyncio.wait([listening, end], return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
        listening.cancel()
        looking.cancel()


asyncio.run(watch())
