"""A mesh that was applied: its machines, its health, how to reach it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mazemesh.errors import FailedPrecondition
from supervisor.cloud.operating.certificates import authority_of

HEALTH_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 5.0

Health = Callable[[str], str]
"""serving, not serving or unreachable, of an address."""


def machines(groups: Mapping[str, str], autoscaling: Any) -> dict[str, dict[str, int]]:
    """Machines wanted and in service, of each group by its short name."""
    if not groups:
        return {}
    answer = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=sorted(groups.values()))
    by_name = {one["AutoScalingGroupName"]: one for one in answer["AutoScalingGroups"]}
    found = {}
    for short, name in groups.items():
        one = by_name.get(name, {"DesiredCapacity": 0, "Instances": []})
        serving = sum(each["LifecycleState"] == "InService" for each in one["Instances"])
        found[short] = {"wanted": one["DesiredCapacity"], "in_service": serving}
    return found


def health(addresses: Mapping[str, str], serving: Health) -> dict[str, str]:
    """Of each service."""
    return {role: serving(address) for role, address in sorted(addresses.items())}


def wait_for_health(
    addresses: Mapping[str, str],
    serving: Health,
    say: Callable[[str], None],
    *,
    seconds: float = HEALTH_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Until all services serve.

    Raises:
        FailedPrecondition: they do not within `seconds`; says which, and where to look.
    """
    waited = 0.0
    before: dict[str, str] = {}
    while True:
        states = health(addresses, serving)
        for role, state in states.items():
            if before.get(role) != state:
                say(f"{role}: {state}")
        before = states
        missing = sorted(role for role, state in states.items() if state != "serving")
        if not missing:
            return
        if waited >= seconds:
            raise FailedPrecondition(
                f"{', '.join(missing)}: not serving after {seconds:g} s. Is your address among "
                "operator_cidrs? On the machine (Session Manager): journalctl -u 'mazemesh-*'"
            )
        pause(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


def credentials(outputs: Mapping[str, Any], folder: Path, manager: Any) -> dict[str, str]:
    """The environment that points `mazemesh` at the mesh; key and authority as files of `folder`.

    Raises:
        FailedPrecondition: there are no certificates yet.
    """
    authority = authority_of(outputs["tls_secrets"], manager)
    if authority is None:
        raise FailedPrecondition("there are no certificates yet; `mazemesh cloud up` makes them")
    secret = manager.get_secret_value(SecretId=outputs["admin_key_secret"])
    key = json.loads(secret["SecretString"])["admin"]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {"ca.pem": authority, "admin.key": f"{key}\n"}
    for name, text in files.items():
        path = folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
    return {
        **{f"MAZEMESH_{role.upper()}_ADDRESS": one for role, one in outputs["addresses"].items()},
        # One that was brought up before there was a gateway has none.
        **({"MAZEMESH_GATEWAY_URL": outputs["gateway_url"]} if "gateway_url" in outputs else {}),
        "MAZEMESH_TLS_CA": str(folder / "ca.pem"),
        "MAZEMESH_KEY_FILE": str(folder / "admin.key"),
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables of this process for as long as the context lasts."""
    import os

    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def ask_function(name: str, action: str, client: Any) -> dict[str, Any]:
    """Has the shutdown function start or stop the machines; what it changed.

    Raises:
        FailedPrecondition: it failed; says what it said.
    """
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"action": action}).encode())
    text = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise FailedPrecondition(f"{name} failed: {text[:2000]}")
    changed: dict[str, Any] = json.loads(text)
    return changed
