"""localstripe on a free port, with nothing in it. Says the port; ends when its input ends."""

import asyncio
import os
import sys
import threading

from aiohttp import web
from localstripe import server
from localstripe.resources import store

# Tests share a machine: nothing of one may be found by another.
store.dump_to_disk = lambda: None


async def start():
    runner = web.AppRunner(server.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(start())
