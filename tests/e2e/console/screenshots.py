"""Pictures of the console for docs/console: `scripts/screenshots` starts a mesh and takes them.

What they show went on in that mesh: its own training, a cup, a gate, short runs that differ in one
setting, a small search. Each page in the light theme, some in the dark one and as a phone shows
them; as PNG of few colours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Page

from mazemesh.v1 import matchmaker_pb2 as pb
from tests.e2e.console.browser import Console, chromium
from tests.e2e.running_mesh import Up, up
from tests.ports import free_ports

_HERE: Final = Path(__file__).parents[3] / "docs" / "console"
_COLOURS: Final = 96
_OF_JOBS: Final = ("training", "studies", "start", "system")
_MINUTES: Final = 10.0
_RATES: Final = (1e-4, 1e-3, 5e-3)
_STEPS: Final = 200_000
_TRIALS: Final = 6
_TRIAL_MINUTES: Final = 0.4
_STEP: Final = 25
_PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}


def main() -> None:
    """Takes all pictures, or those whose names begin as is said."""
    parser = argparse.ArgumentParser(description="Pictures of the console, into docs/console.")
    parser.add_argument("names", nargs="*", help="beginnings of their names; none: all")
    parser.add_argument("--url", help="of a gateway that runs; else a mesh is started")
    parser.add_argument("--out", type=Path, default=_HERE)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.url:
        _take_all(given.url, given.out, given.names)
        return
    base = free_ports(10)
    with (
        tempfile.TemporaryDirectory() as folder,
        up(Path(folder) / "mesh", base, "--games", "64", "--console") as mesh,
    ):
        if _wanted(given.names, "training", "studies"):
            _train(mesh)
        if _wanted(given.names, *(name for name in PICTURES if name not in _OF_JOBS)):
            _compete(mesh)
        _take_all(f"http://127.0.0.1:{base + 9}", given.out, given.names)


def _wanted(names: list[str], *pictures: str) -> bool:
    """Whether one of these pictures is among those that are to be taken."""
    return not names or any(
        one.startswith(name.split("-")[0]) for one in pictures for name in names
    )


def _train(mesh: Up) -> None:
    """Runs that differ in their learning rate, and a search; they are looked at when they ended."""
    training = mesh.mesh.training
    mesh.mesh.wait(_MINUTES * 60)
    jobs = [
        training.start(
            "race",
            total_steps=_STEPS,
            maze_size=5,
            policy=f"rate-{rate:g}",
            seed=1,
            hyperparameters={"learning_rate": rate},
        )
        for rate in _RATES
    ]
    space = {"learning_rate": "log:1e-4..5e-3", "hidden": "[16,16],[64,64],[128,128]"}
    jobs.append(
        training.tune(
            space,
            "solo",
            objectives=("success", "latency"),
            trials=_TRIALS,
            trial_minutes=_TRIAL_MINUTES,
            study="rates-and-widths",
        )
    )
    for job in jobs:
        training.wait_for_completion(job.experiment_id, _MINUTES * 60)


def _compete(mesh: Up) -> None:
    """Waits for something to look at: versions that are rated, a cup and a gate."""

    def rated() -> int:
        players = mesh.mesh.elo.leaderboard("race").players
        return sum(one.player.startswith("race:") for one in players)

    mesh.until(lambda: rated() >= 2, _MINUTES * 60)
    bots = ("shortest-path", "wall-follower", "random")
    entrants = [pb.TournamentEntrant(members=[f"bot/{name}"]) for name in bots]
    entrants.append(pb.TournamentEntrant(members=["race:1"]))
    mesh.mesh.matchmaker.create_tournament(
        pb.CreateTournamentRequest(
            title="Friday cup",
            format=pb.TOURNAMENT_FORMAT_DOUBLE_ELIMINATION,
            entrants=entrants,
            best_of=3,
        )
    )
    mesh.mesh.matchmaker.start_gate(
        pb.StartGateRequest(candidate="race:1", baseline="bot/random", reason="is it better?")
    )
    mesh.until(lambda: rated() >= 3, _MINUTES * 60)


def _recording(page: Page, _console: Console) -> None:
    page.get_by_test_id("value").wait_for()
    page.get_by_label("Hide what the seat has not seen").check()


def _play(page: Page, console: Console) -> None:
    page.locator("#start").click()
    page.wait_for_selector("html[data-step]", state="attached")
    for _ in range(12):
        step = page.locator("html").get_attribute("data-step")
        page.locator("#pad button:not(:disabled):not(.stay)").first.click()
        page.wait_for_function(
            "step => document.documentElement.dataset.step !== step"
            " || document.querySelector('#told[data-end]')",
            arg=step,
        )
    del console


def _mind(page: Page, _console: Console) -> None:
    page.get_by_role("button", name="What does it think?").first.click()
    page.get_by_test_id("value").wait_for()


def _first(selector: str) -> Callable[[Page, Console], None]:
    def press(page: Page, _console: Console) -> None:
        page.locator(selector).first.click()
        page.locator("#one-title:not(:empty)").wait_for()

    return press


def _boards(page: Page, _console: Console) -> None:
    page.get_by_test_id("slot").nth(1).wait_for()


def _nothing(_page: Page, _console: Console) -> None:
    pass


Step = Callable[[Page, Console], None]

PICTURES: Final[dict[str, tuple[str, Step]]] = {
    "home": ("/", _boards),
    "live": ("/live?boards=4", _boards),
    "mind": ("/live?source=training&boards=2", _mind),
    "recording": ("RECORDING", _recording),
    "play": ("/play?game=race&opponent=bot%2Frandom&size=8", _play),
    "leaderboard": ("/leaderboard", _nothing),
    "gates": ("/gates", _first("#table tbody button")),
    "tournaments": ("/tournaments", _first("#table tbody button")),
    "training": ("/training", _nothing),
    "start": ("/training/start", _nothing),
    "studies": ("/training/studies", _nothing),
    "policies": ("/policies?name=race&version=1", _nothing),
    "system": ("/system", _nothing),
}
"""Path and what is done there; RECORDING is that of a version's game."""

DARK: Final = ("live", "recording", "leaderboard", "training", "policies")
PHONE: Final = ("home", "live", "play", "leaderboard", "training", "policies")


def _take_all(url: str, out: Path, names: list[str]) -> None:
    kinds: list[tuple[str, str, dict[str, Any]]] = [(name, "", {}) for name in PICTURES]
    kinds += [(name, "-dark", {"color_scheme": "dark"}) for name in DARK]
    kinds += [(name, "-phone", _PHONE) for name in PHONE]
    kinds.append(("leaderboard", "-ja", {"locale": "ja-JP"}))
    with chromium() as browser:
        for name, suffix, context in kinds:
            if names and not any(f"{name}{suffix}".startswith(one) for one in names):
                continue
            console = Console(browser, url, **context)
            _take(console, name, out / f"{name}{suffix}.png")
            console.close()


def _take(console: Console, name: str, file: Path) -> None:
    path, prepare = PICTURES[name]
    if path.startswith("RECORDING"):
        known = console.page.request.get(f"{console.url}/recordings").json()["replays"]
        found = next(
            one["game_id"]
            for one in known
            if one["outcome"]["steps"] > _STEP and one["participants"][0].startswith("race:")
        )
        path = f"/recordings/{found}?step={_STEP}"
    page = console.go(path)
    prepare(page, console)
    page.evaluate("scrollTo(0, 0)")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main()
