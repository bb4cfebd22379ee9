"""Tests that boot a machine are collected by scripts/test-deploy alone: they need root and a minute."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("MAZEMESH_TEST_DEPLOY") else ["test_machine.py"]
