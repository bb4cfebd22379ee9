"""TLS over real sockets: what is negotiated, who is believed, and new certificates."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import grpc.aio
import pytest

from mazemesh.client.credentials import Credentials
from mazemesh.v1.elo_pb2 import GetLeaderboardRequest
from mazemesh.v1.elo_pb2_grpc import EloServiceStub
from services._harness import StartError
from services._harness.access.tls.authority import make_authority, make_certificate
from services._harness.access.tls.certificate import Certificate, TlsFiles
from tests.servers.access.guarded_probe import channel, guarded_probe, tls
from tests.servers.access.secure_services import OPTIONS
from tests.servers.probe import call
from tests.servers.processes import service_process

CONNECTIONS = 300


def shown(port: int, trusted: Path) -> tuple[str, int]:
    """Version of TLS, and the serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(trusted / "ca.pem"))
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        certificate = wrapped.getpeercert()
        assert certificate is not None
        return wrapped.version() or "", int(str(certificate["serialNumber"]), 16)


async def refused(one: grpc.aio.Channel) -> bool:
    """Whether no connection comes about."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(one, "UnaryUnary", b"a")
    return caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_client_that_trusts_the_ca_is_answered(tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    async with guarded_probe(tmp_path, keys="off", **tls(certs)) as server:
        async with channel(server, ca=certs) as one:
            assert await call(one, "UnaryUnary", b"a") == [b"a"]
        version, _ = await asyncio.to_thread(shown, server.port, certs)
        assert version == "TLSv1.3"


async def test_whom_a_client_does_not_believe(tmp_path: Path) -> None:
    certs, others = tmp_path / "certs", tmp_path / "others"
    make_authority(others)
    async with (
        guarded_probe(tmp_path, keys="off", **tls(certs)) as server,
        channel(server, ca=others) as wrong_ca,
        channel(server) as plain,
    ):
        assert await refused(wrong_ca)
        assert await refused(plain)
    async with (
        guarded_probe(tmp_path, keys="off", **tls(certs, days=-0.01)) as server,
        channel(server, ca=certs) as one,
    ):
        assert await refused(one)


async def test_a_certificate_of_another_host_is_not_believed(tmp_path: Path) -> None:
    make_authority(tmp_path)
    cert, key = make_certificate(tmp_path, "elsewhere", ["elsewhere.example"], 1)
    async with (
        guarded_probe(tmp_path, keys="off", tls_cert=cert, tls_key=key) as server,
        channel(server, ca=tmp_path) as one,
    ):
        assert await refused(one)


async def test_a_new_certificate_is_taken_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services._harness.access.tls.certificate._LOOK_SECONDS", 0.0)
    certs = tmp_path / "certs"
    async with (
        guarded_probe(tmp_path, keys="off", **tls(certs)) as server,
        channel(server, ca=certs) as held,
    ):
        assert await call(held, "UnaryUnary", b"a") == [b"a"]
        _, before = await asyncio.to_thread(shown, server.port, certs)
        tls(certs, days=30)
        _, after = await asyncio.to_thread(shown, server.port, certs)
        assert before != after
        # Who is connected stays so.
        assert await call(held, "UnaryUnary", b"a") == [b"a"]
        expiry = server.registry.get_sample_value("mazemesh_tls_certificate_expiry_seconds")
        assert expiry is not None
        in_days = (datetime.fromtimestamp(expiry, UTC) - datetime.now(UTC)) / timedelta(days=1)
        assert 29 < in_days < 31
        (certs / "server.pem").write_text("half a file")
        _, still = await asyncio.to_thread(shown, server.port, certs)
        assert still == after


async def test_a_server_may_ask_clients_for_certificates(tmp_path: Path) -> None:
    certs, others = tmp_path / "certs", tmp_path / "others"
    settings = {**tls(certs), "tls_client_ca": certs / "ca.pem"}
    make_certificate(certs, "client", ["ann"], 1)
    make_authority(others)
    make_certificate(others, "client", ["eve"], 1)

    def own(folder: Path) -> dict[str, bytes]:
        cert, key = (folder / "client.pem").read_bytes(), (folder / "client-key.pem").read_bytes()
        return {"cert": cert, "cert_key": key}

    async with (
        guarded_probe(tmp_path, keys="off", **settings) as server,
        channel(server, ca=certs) as without,
        channel(server, ca=certs, **own(others)) as foreign,
        channel(server, ca=certs, **own(certs)) as known,
    ):
        assert await refused(without)
        assert await refused(foreign)
        assert await call(known, "UnaryUnary", b"a") == [b"a"]


def test_a_service_speaks_tls_1_3_and_nothing_older(tmp_path: Path) -> None:
    """As a process: the least version is a matter of the whole process."""
    files = tls(tmp_path)
    command = (sys.executable, "-P", "-m", "tests.servers.probe", "--log-format", "json")
    flags = ("--tls-cert", str(files["tls_cert"]), "--tls-key", str(files["tls_key"]))
    with subprocess.Popen(
        (*command, *flags, "--data-dir", str(tmp_path)),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            while '"listening"' not in line:
                assert line, "it ended"
                line = process.stderr.readline()
            port = int(line.partition('"address": "127.0.0.1:')[2].partition('"')[0])
            context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
            context.set_alpn_protocols(["h2"])
            assert shown(port, tmp_path)[0] == "TLSv1.3"
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with (
                socket.create_connection(("127.0.0.1", port), 10) as plain,
                pytest.raises((ssl.SSLError, ConnectionError)),
            ):
                context.wrap_socket(plain, server_hostname="localhost")
        finally:
            process.terminate()


@pytest.mark.parametrize("harm", ["no cert", "no key", "garbage", "another key"])
def test_what_is_no_pair_is_told_at_the_start(tmp_path: Path, harm: str) -> None:
    files = tls(tmp_path)
    cert, key = files["tls_cert"], files["tls_key"]
    if harm == "no cert":
        cert.unlink()
    elif harm == "no key":
        key.unlink()
    elif harm == "garbage":
        cert.write_bytes(b"\xff" * 100)
    else:
        _, key = make_certificate(tmp_path, "other", ["localhost"], 1)
    with pytest.raises(StartError, match="`mazemesh certs` makes one"):
        Certificate(TlsFiles(cert, key))


def test_keys_of_certificates_are_private(tmp_path: Path) -> None:
    files = tls(tmp_path)
    for path in (files["tls_key"], tmp_path / "ca-key.pem"):
        assert path.stat().st_mode & 0o777 == 0o600


async def test_hundreds_that_connect_at_one_time_are_all_answered(tmp_path: Path) -> None:
    """GRPC gave up the process when it was given the same certificate at each connection."""
    files = tls(tmp_path)
    flags = ["--port", "0", "--data-dir", str(tmp_path / "data"), "--keys", "off"]
    flags += ["--tls-cert", str(files["tls_cert"]), "--tls-key", str(files["tls_key"])]
    credentials = Credentials(ca=(tmp_path / "ca.pem").read_bytes())
    own = (*OPTIONS, ("grpc.use_local_subchannel_pool", 1))  # a connection each
    async with service_process("services.elo", *flags) as service:
        channels = [credentials.aio_channel(service.address, own) for _ in range(CONNECTIONS)]
        request = GetLeaderboardRequest(ladder="race")
        calls = (EloServiceStub(one).GetLeaderboard(request, timeout=60) for one in channels)
        assert len(await asyncio.gather(*calls)) == CONNECTIONS
        for one in channels:
            await one.close()
