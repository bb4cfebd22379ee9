"""Checks of the machine: room, cores, memory, ports, proxies, GPUs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mazemesh.cli.claim import read_note
from mazemesh.client.addresses import host_port
from mazemesh.errors import Conflict, MazemeshError
from mazemesh.process.ports import check_ports
from supervisor.checkup.finding import Finding
from supervisor.running.layout import SERVICES

_MIB: Final = 2**20
_LEAST_DISK, _LITTLE_DISK = 64 * _MIB, 2048 * _MIB
_LITTLE_MEMORY = 2048 * _MIB
_FEW_FILES = 1024
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
_SMI_SECONDS = 10.0


def data_folder(folder: Path) -> Iterator[Finding]:
    """Whether the data folder can be made and written, and what room its disk has."""
    note = read_note(folder)
    if note is not None:
        yield Finding("data folder", "ok", f"{folder}: a mesh runs on it (process {note['pid']})")
    base = folder
    while not base.exists() and base != base.parent:
        base = base.parent
    problem = _unwritable(base)
    if problem:
        mend = "choose another --data-dir (or MAZEMESH_DATA_DIR)"
        yield Finding("data folder", "fail", f"{folder}: {problem}", mend)
        return
    if note is None:
        state = "exists" if base == folder else "is made at the first start"
        yield Finding("data folder", "ok", f"{folder}: {state}")
    free = shutil.disk_usage(base).free
    verdict = "fail" if free < _LEAST_DISK else "warn" if free < _LITTLE_DISK else "ok"
    mend = "make room, or choose a --data-dir on another disk" if verdict != "ok" else ""
    yield Finding("disk", verdict, f"{free / _MIB:,.0f} MiB free for {folder}", mend)  # type: ignore[arg-type]


def _unwritable(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is no folder"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"mazemesh")
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror})"
    return ""


def ports(folder: Path, host: str, port_base: int) -> Iterator[Finding]:
    """Whether the services' ports can be had, unless the mesh on the folder has them."""
    last = port_base + len(SERVICES) - 1
    where = f"{host_port(host, port_base)} to {last}"
    note = read_note(folder)
    if note is not None and note.get("port_base") == port_base:
        yield Finding("ports", "ok", f"{where}: held by the mesh on {folder}")
        return
    try:
        check_ports(range(port_base, last + 1), host)
    except MazemeshError as error:
        mend = f"`mazemesh up --port-base {_elsewhere(port_base)}`, or stop what holds them"
        yield Finding("ports", "fail", str(error), mend if isinstance(error, Conflict) else "")
        return
    yield Finding("ports", "ok", f"{where} are free")


def _elsewhere(port_base: int) -> int:
    return port_base + 100 if port_base < 60_000 else 20_000


def proxies(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Which proxies the environment names: the mesh goes past them."""
    named = [
        f"{name}={environment[name]}"
        for name in sorted(environment)
        if name.lower() in _PROXIES and environment[name]
    ]
    detail = "none in the environment"
    if named:
        detail = f"{', '.join(map(_without_password, named))}; traffic of the mesh goes past it"
    yield Finding("proxy", "ok", detail)


def _without_password(assignment: str) -> str:
    scheme, mark, rest = assignment.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def processor_and_memory() -> Iterator[Finding]:
    """Cores that may be used, memory that is free, files that may be open."""
    import resource

    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if (cores or 1) < 2:
        mend = "it works; a second core would make it about twice as fast"
        yield Finding("cores", "warn", f"{cores}", mend)
    else:
        yield Finding("cores", "ok", f"{cores}")
    memory = psutil.virtual_memory()
    detail = f"{memory.available / _MIB:,.0f} of {memory.total / _MIB:,.0f} MiB free"
    if memory.available < _LITTLE_MEMORY:
        yield Finding("memory", "warn", detail, "a mesh takes about 2 GiB; close something")
    else:
        yield Finding("memory", "ok", detail)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = files != resource.RLIM_INFINITY and files < _FEW_FILES
    mend = f"ulimit -n {_FEW_FILES}" if few else ""
    yield Finding("open files", "warn" if few else "ok", f"{files} at most", mend)


def gpus(torch_version: str) -> Iterator[Finding]:
    """GPUs as their driver tells them, and whether the installed torch can use them."""
    smi = shutil.which("nvidia-smi")
    if smi is None:
        yield Finding("GPU", "ok", "none; learners run on the processor")
        return
    query = [smi, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(  # noqa: S603
            query, capture_output=True, text=True, timeout=_SMI_SECONDS, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        yield Finding("GPU", "warn", f"nvidia-smi fails ({error})", "look at the GPU's driver")
        return
    found = "; ".join(told.splitlines()) or "none"
    if told and "+cpu" in torch_version:
        mend = "install a torch with CUDA: https://pytorch.org/get-started"
        yield Finding("GPU", "warn", f"{found}, but torch {torch_version} has no CUDA", mend)
    else:
        yield Finding("GPU", "ok", found)
