"""Many who watch one game, in a process of their own; at the end they tell what they saw.

Arguments: URL, topic, how many. Prints "ready", waits for a line, prints how many frames each saw.
"""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import connect


async def _watch(url: str, topic: str, seen: list[int], place: int, ready: asyncio.Event) -> None:
    async with connect(url, open_timeout=60, max_size=None) as line:
        await line.send(json.dumps({"type": "subscribe", "topic": topic}))
        async for text in line:
            seen[place] += sum(one["type"] == "frame" for one in json.loads(text))
            ready.set()


async def main(url: str, topic: str, count: int) -> None:
    seen = [0] * count
    ready = [asyncio.Event() for _ in range(count)]
    tasks = [
        asyncio.create_task(_watch(url, topic, seen, place, ready[place])) for place in range(count)
    ]
    await asyncio.wait_for(asyncio.gather(*(one.wait() for one in ready)), 120)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"least": min(seen), "most": max(seen)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
