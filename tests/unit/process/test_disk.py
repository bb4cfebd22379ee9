"""Syncing files, with the system's parts replaced by those of macOS."""

import errno
import fcntl
import os

import pytest

from mazemesh.process.disk import sync_file, sync_path

F_FULLFSYNC = 51


@pytest.fixture
def calls(monkeypatch) -> list[str]:
    """What was asked of the system."""
    done: list[str] = []
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda descriptor, name=name: done.append(name))
    return done


@pytest.fixture
def macos(monkeypatch, calls):
    """No fdatasync, and fcntl with F_FULLFSYNC, which fails with `macos[0]` if there is one."""
    failures: list[int] = []

    def control(descriptor: int, command: int) -> int:
        assert command == F_FULLFSYNC
        if failures:
            raise OSError(failures[0], os.strerror(failures[0]))
        calls.append("full")
        return 0

    monkeypatch.delattr(os, "fdatasync")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", F_FULLFSYNC, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", control)
    return failures


def test_linux_syncs_the_data_of_a_file_and_the_names_of_a_folder(calls, tmp_path):
    sync_file(0)
    sync_path(tmp_path)
    assert calls == ["fdatasync", "fsync"]


def test_macos_empties_the_cache_of_the_drive(calls, macos, tmp_path):
    sync_file(0)
    sync_path(tmp_path)
    assert calls == ["full", "full"]


def test_macos_falls_back_where_the_disk_does_not_know_it(calls, macos, tmp_path):
    macos.append(errno.ENOTSUP)
    sync_file(0)
    sync_path(tmp_path)
    assert calls == ["fsync", "fsync"]


def test_macos_tells_that_the_disk_failed(calls, macos):
    macos.append(errno.EIO)
    with pytest.raises(OSError, match="Input/output error"):
        sync_file(0)
    assert calls == []
