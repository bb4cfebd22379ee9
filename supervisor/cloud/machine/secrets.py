"""`python -m supervisor.cloud.machine.secrets`: fetches what is secret, by the machine's role.

It lays down under /run/mazemesh, readable for the mesh's user alone: tls.pem, tls-key.pem, ca.pem,
one ROLE.key for each API key, secrets.env with MAZEMESH_DATABASE_URL, and gateway.env with the
gateway's own key and what login cookies are sealed by. Certificates are put into
Secrets Manager when `mazemesh cloud up` knows the address; the machine waits for them. With
`--renew` it looks once more (RDS renews its password every week) and leaves a file `renewed` when
something has changed, by which mazemesh-renew.service knows that it has to restart the units.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog

from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from supervisor.cloud.aws import client, error_code
from supervisor.cloud.machine.settings import MachineSettings

log = structlog.get_logger("cloud.secrets")

WAIT_SECONDS: Final = 1800.0
"""For certificates: from the machine's start to the end of `mazemesh cloud up`."""

LOOK_SECONDS: Final = 5.0
RENEWED: Final = "renewed"
_SERVICE: Final = "-service"
_VIEWER: Final = "viewer"
"""Whose key the gateway has: what it watches for everybody, every viewer may see."""

_CERTIFICATE_FILES: Final = {
    "certificate": "tls.pem",
    "key": "tls-key.pem",
    "authority": "ca.pem",
}


def fetch(
    settings: MachineSettings,
    manager: Any,
    *,
    wait_seconds: float = WAIT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Contents by file name, of all secrets that the machine may read.

    Raises:
        StartError: a secret has no value for `wait_seconds`, or one that cannot be used.
    """
    files: dict[str, str] = {}
    gateway: list[str] = []
    for name, arn in sorted(settings.secrets.items()):
        value = _object(name, _value(manager, name, arn, wait_seconds, pause))
        if name == "tls":
            for key, file in _CERTIFICATE_FILES.items():
                files[file] = _text(name, value, key)
        elif name == "database":
            url = database_url(settings.database, value)
            files["secrets.env"] = f"MAZEMESH_DATABASE_URL={url}\n"
        elif name == "cookie":  # the unit of the gateway seals by it
            secret = _text(name, value, "secret")
            gateway.append(f"MAZEMESH_GATEWAY_COOKIE_SECRET={secret}\n")
        else:
            for role in value:
                files[f"{role}.key"] = f"{_text(name, value, role)}\n"
                if role.endswith(_SERVICE):  # the unit of that service shows it
                    key_file = settings.run_folder / f"{role}.key"
                    environment = f"MAZEMESH_KEY_FILE={key_file}\n"
                    files[f"{role.removesuffix(_SERVICE)}.env"] = environment
                elif role == _VIEWER:
                    gateway.append(f"MAZEMESH_KEY_FILE={settings.run_folder / f'{role}.key'}\n")
    if gateway:
        files["gateway.env"] = "".join(gateway)
    return files


def database_url(where: str, secret: Mapping[str, Any]) -> str:
    """The URL of PostgreSQL, with TLS; `where` is host:port/name."""
    user, password = (_text("database", secret, key) for key in ("username", "password"))
    return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{where}?sslmode=require"


def lay_down(folder: Path, files: Mapping[str, str]) -> bool:
    """Writes files of mode 600, each whole at every moment; whether one of them is new."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    changed = False
    for name, text in files.items():
        path = folder / name
        if path.exists() and path.read_text() == text:
            continue
        temporary = folder / f".{name}.tmp"
        temporary.unlink(missing_ok=True)
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "w") as stream:
            stream.write(text)
        temporary.replace(path)
        changed = True
    return changed


def _value(
    manager: Any, name: str, arn: str, wait_seconds: float, pause: Callable[[float], None]
) -> str:
    waited = 0.0
    while True:
        try:
            return str(manager.get_secret_value(SecretId=arn)["SecretString"])
        except Exception as error:
            # A secret that was made and not yet filled has no current version.
            if error_code(error) != "ResourceNotFoundException":
                raise
            if waited >= wait_seconds:
                raise StartError(
                    f"the secret {name} ({arn}) has no value; `mazemesh cloud up` puts one there"
                ) from error
            if waited == 0.0:
                log.info("waits for a secret", secret=name)
            pause(LOOK_SECONDS)
            waited += LOOK_SECONDS


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise StartError(f"the secret {name} should be a JSON object, and is none")
    return value


def _text(name: str, value: Mapping[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise StartError(f"the secret {name} should have {key}, a text, and has none")
    return text


def main() -> None:
    """Fetches once; `--renew` also says so when something has changed."""
    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
        files = fetch(settings, client("secretsmanager"))
        changed = lay_down(settings.run_folder, files)
        log.info("secrets are here", files=sorted(files), changed=changed)
        if changed and "--renew" in sys.argv[1:]:
            (settings.run_folder / RENEWED).touch()
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
