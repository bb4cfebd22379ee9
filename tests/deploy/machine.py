"""An empty Debian that boots on this machine: its own systemd, in namespaces of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

RELEASE = "bookworm"
PACKAGES = ("ca-certificates", "dbus", "python3", "python3-venv", "systemd", "systemd-sysv")
BOOT = Path(__file__).with_name("boot.sh")


def empty_root(folder: Path) -> None:
    """Lays a Debian into `folder`: what its archive gives, and nothing of this machine.

    An archive of it is kept for the next time, in XDG_CACHE_HOME.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mazemesh"
    archive = cache / f"debian-{RELEASE}-{'-'.join(PACKAGES)}.tar"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        made = archive.with_suffix(f".{os.getpid()}.tar")
        subprocess.run(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase"),
                *(f"--include={','.join(PACKAGES)}", RELEASE, str(made)),
            ],
            check=True,
            timeout=300,
        )
        made.replace(archive)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True, timeout=120)
    (folder / "etc" / "machine-id").write_text("")


class Machine:
    """A machine that runs; `process` is its process 1, as this machine sees it."""

    def __init__(self, root: Path, process: int) -> None:
        self.root = root
        self.process = process

    def run(
        self, *command: str, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on it, with an environment of its own."""
        enter = ["nsenter", "-t", str(self.process), "-m", "-p", "-u", "-i", "-C", "-r", "-w"]
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
        done = subprocess.run(
            [*enter, *clean, *command], capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}\n"
                + self.log()
            )
        return done

    def log(self) -> str:
        """What its units said last."""
        return self.run(
            "journalctl", "--no-pager", "-n", "60", "-o", "cat", check=False, timeout=30
        ).stdout

    def is_up(self) -> bool:
        """Whether its systemd has come to the end of the boot, whatever the end."""
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")


@contextmanager
def booted(root: Path, packages: Sequence[Path] = ()) -> Iterator[Machine]:
    """Boots the Debian in `root`; at the end all its processes are killed with their process 1."""
    outer = subprocess.Popen(
        [
            *("unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork"),
            *("--kill-child", "bash", str(BOOT), str(root)),
        ],
        env={**os.environ, "PACKAGES": "\n".join(map(str, packages))},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _until_up(root, outer)
    finally:
        # Its process 1 dies with it, and the kernel ends the rest of its namespace.
        outer.send_signal(signal.SIGKILL)
        outer.wait(timeout=30)


def _until_up(root: Path, outer: subprocess.Popen[bytes]) -> Machine:
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert outer.poll() is None, f"the boot ended with {outer.returncode}"
        found = children.read_text().split()
        if found and Path(f"/proc/{found[0]}/comm").read_text().strip() == "systemd":
            machine = Machine(root, int(found[0]))
            if machine.is_up():
                return machine
        time.sleep(0.1)
    raise AssertionError("systemd has not booted within 60 s")
