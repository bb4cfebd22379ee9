"""`python -m bench gateway`: what people see of a mesh, and what it costs the gateway."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer

from bench.gateway.playing import playing
from bench.gateway.world import World, world

app = typer.Typer()

_TOPIC = "games/{}"
_ASKED = ("/leaderboards/race", "/policies", "/games/running", "/ladders")


@app.command("gateway")
def gateway(
    *,
    viewers: Annotated[int, typer.Option(help="who watch beside the browser", min=1)] = 100,
    runs: Annotated[int, typer.Option(help="whose curves are drawn; 0: none", min=0)] = 500,
    points: Annotated[int, typer.Option(help="of each run", min=2)] = 2_000,
    rate: Annotated[float, typer.Option(help="requests a second", min=1)] = 200.0,
    seconds: Annotated[float, typer.Option(help="of each measurement", min=1)] = 15.0,
    mlflow: Annotated[bool, typer.Option(help="MLflow's page on the same runs, too")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Move to board, first paint, REST, the gateway's processor, and its way back."""
    from bench.gateway import browser as browsers
    from bench.gateway import paint

    found: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="bench-gateway-") as folder,
        world(Path(folder)) as made,
        browsers.chromium() as chromium,
    ):
        found["rest_p95_ms"] = _rest(made.url, rate, seconds)
        with playing(made.mesh) as played:
            page = browsers.watch(chromium, made.url, played.game_id)
            cells = {
                str(count): _watched(browsers, made, played, page, count, seconds)
                for count in (viewers, 3 * viewers)
            }
            found["move_to_board_p95_ms"] = cells[str(viewers)]["p95_ms"]
            found["cpu_100_viewers"] = cells[str(viewers)]["cpu_share"]
            away = _killed(browsers, made, played, page)
            found["reconnect_seconds"] = away["from_kill"]
    found = {name: round(value, 3) for name, value in found.items()}
    painted = paint.measure(runs=runs, points=points, peer=mlflow) if runs else {"cells": None}
    told = {"bench": "gateway", **found, **painted}
    told["cells"] = {"viewers": cells, "reconnect": away, "paint": painted["cells"]}
    print(json.dumps(told, indent=None if as_json else 2))


def _rest(url: str, rate: float, seconds: float) -> float:
    """95 % quantile of answers to requests that come at a rate, in milliseconds."""
    times: list[float] = []
    lock = threading.Lock()
    count = 8

    def ask(place: int) -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            began = time.perf_counter()
            for number in range(int(rate * seconds / count)):
                due = began + (number * count + place) / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                asked = time.perf_counter()
                client.get(_ASKED[number % len(_ASKED)]).raise_for_status()
                with lock:
                    times.append(time.perf_counter() - asked)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return float(np.percentile(times, 95)) * 1000


def _watched(
    browsers: Any, made: World, played: Any, page: Any, viewers: int, seconds: float
) -> dict[str, float]:
    """From a move to the browser's board, while others watch, and what that costs."""
    where = made.url.replace("http", "ws", 1) + "/ws/live"
    crowd = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "bench.gateway.viewers", where),
            *(_TOPIC.format(played.game_id), str(viewers)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    assert crowd.stdout.readline().strip() == "ready"
    began, cpu = time.time(), made.gateway.cpu()
    time.sleep(seconds)
    ended, used = time.time(), made.gateway.cpu() - cpu
    crowd.stdin.write("\n")
    crowd.stdin.flush()
    told = json.loads(crowd.stdout.readline())
    crowd.wait(30)
    painted = browsers.seen(page)
    delays = [
        painted[step] - moved
        for step, moved in list(played.moved.items())
        if began <= moved <= ended - 1 and step in painted
    ]
    if not delays:
        raise RuntimeError(f"the page painted none of {len(played.moved)} moves")
    return {
        "p50_ms": round(float(np.percentile(delays, 50)) * 1000, 2),
        "p95_ms": float(np.percentile(delays, 95)) * 1000,
        "frames": len(delays),
        "cpu_share": round(used / (ended - began), 4),
        "least_seen": told["least"],
    }


def _killed(browsers: Any, made: World, played: Any, page: Any) -> dict[str, float]:
    """Seconds from the gateway's end until it listens again, and until an open page is live again.

    It is started again at once, as `mazemesh up` does; most of the time it loads its modules. The
    page is live when it paints a move that was made after the old gateway had ended, since of
    others there may be some on their way to it.
    """
    killed = time.time()
    made.gateway.kill()
    ended = time.time()
    made.restart_gateway()
    listening = time.time()
    live = browsers.until_painted(page, played.first_step(ended))
    return {
        "to_listening": round(listening - killed, 3),
        "from_listening": round(live - listening, 3),
        "from_kill": round(live - killed, 3),
    }
