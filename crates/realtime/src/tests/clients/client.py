"""A client with the library `websockets`: client.py URL TOKEN FIRST TOTAL

Hears FIRST events, breaks without a goodbye, comes back, says what it has, and hears the others. Prints `ready` when
it is connected, and at the end the numbers of all events.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect

url, token, first, total = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
ids = []


async def live(until, headers, hello):
    socket = await connect(url, additional_headers=headers)
    if hello:
        await socket.send(json.dumps(hello))
    async for text in socket:
        frame = json.loads(text)
        if frame["type"] == "ready":
            print("ready", flush=True)
            await socket.send(json.dumps({"type": "ping"}))
        if "id" not in frame:
            continue
        ids.append(frame["id"])
        if len(ids) == until:
            socket.transport.abort()
            return


async def main():
    await live(first, {"Authorization": f"Bearer {token}"}, None)
    await live(total, {}, {"type": "auth", "token": token, "last_event_id": ids[-1]})
    print(json.dumps(ids))


asyncio.run(main())
