"""Draws an API key for each role of the mesh, as the secret mazemesh-keys.

.venv/bin/python deploy/kubernetes/new_keys.py | kubectl apply -f -

Nothing is kept of them here. admin.key is for people; the job `keys` enters all of them.
"""

import json
import sys

from services._harness.access.callers.keys import new_key
from services._harness.access.callers.roles import Role

ROLES = (
    *("admin", "worker", "trainer", "viewer"),  # the gateway's own is a viewer's
    *("game-service", "matchmaker-service", "model-service"),
)
secret = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "mazemesh-keys", "namespace": "mazemesh"},
    "type": "Opaque",
    "stringData": {
        f"{role}.key": new_key(Role(role), 0.0, policies=("*",) * (role == "trainer"))[1]
        for role in ROLES
    },
}
json.dump(secret, sys.stdout, indent=2)
sys.stdout.write("\n")
