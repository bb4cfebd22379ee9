"""Tests that boot a machine need root and a minute: scripts/test-deploy alone collects them."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("MAZEMESH_TEST_DEPLOY") else ["test_machine.py"]
