"""What a machine does at its start and beside its units, against moto."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mazemesh.process.errors import StartError
from supervisor.cloud.machine.checkpoints import Store, keep_until
from supervisor.cloud.machine.claims import attach, device_of, take_address
from supervisor.cloud.machine.exporter import Exporter, Protection
from supervisor.cloud.machine.keys import read_keys
from supervisor.cloud.machine.registration import deregister, register
from supervisor.cloud.machine.secrets import database_url, fetch, lay_down
from supervisor.cloud.machine.settings import MachineSettings

Aws = Callable[[str], Any]
KEY = f"mm_{'a' * 12}_{'B' * 43}"
OTHER = f"mm_{'c' * 12}_{'D' * 43}"


def secret(aws: Aws, name: str, value: Any = None) -> str:
    arn: str = aws("secretsmanager").create_secret(Name=name)["ARN"]
    if value is not None:
        aws("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(value))
    return arn


def test_secrets_become_files_that_the_units_read(aws: Aws, tmp_path: Path) -> None:
    arns = {
        "tls": secret(aws, "a/tls", {"certificate": "C", "key": "K", "authority": "A"}),
        "service-key": secret(aws, "a/service", {"game-service": KEY, "model-service": KEY}),
        "viewer-key": secret(aws, "a/viewer", {"viewer": OTHER}),
        "cookie": secret(aws, "a/cookie", {"secret": "S="}),
        "database": secret(aws, "a/db", {"username": "mazemesh", "password": "p@ss/w%rd"}),
    }
    settings = MachineSettings(
        secrets=arns, database="db.example:5432/mazemesh", run_folder=tmp_path
    )
    files = fetch(settings, aws("secretsmanager"))
    assert (files["tls.pem"], files["tls-key.pem"], files["ca.pem"]) == ("C", "K", "A")
    assert files["game-service.key"] == f"{KEY}\n"
    assert files["game.env"] == f"MAZEMESH_KEY_FILE={tmp_path}/game-service.key\n"
    assert files["gateway.env"] == (
        f"MAZEMESH_GATEWAY_COOKIE_SECRET=S=\nMAZEMESH_KEY_FILE={tmp_path}/viewer.key\n"
    )
    assert files["secrets.env"] == (
        "MAZEMESH_DATABASE_URL=postgresql://mazemesh:p%40ss%2Fw%25rd@db.example:5432/mazemesh"
        "?sslmode=require\n"
    )
    assert lay_down(tmp_path, files)
    assert not lay_down(tmp_path, files), "nothing has changed"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}
    assert read_keys(tmp_path) == {
        "game-service": ("a" * 12, "B" * 43),
        "model-service": ("a" * 12, "B" * 43),
        "viewer": ("c" * 12, "D" * 43),
    }
    assert lay_down(tmp_path, {**files, "ca.pem": "another"})


def test_a_machine_waits_for_certificates(aws: Aws) -> None:
    arn = secret(aws, "b/tls")
    paused: list[float] = []

    def put(seconds: float) -> None:
        paused.append(seconds)
        value = {"certificate": "C", "key": "K", "authority": "A"}
        aws("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(value))

    files = fetch(MachineSettings(secrets={"tls": arn}), aws("secretsmanager"), pause=put)
    assert files["tls.pem"] == "C"
    assert len(paused) == 1


def test_it_does_not_wait_for_ever(aws: Aws) -> None:
    settings = MachineSettings(secrets={"tls": secret(aws, "c/tls")})
    with pytest.raises(StartError, match="mazemesh cloud up"):
        fetch(settings, aws("secretsmanager"), wait_seconds=10, pause=lambda _: None)


def test_a_secret_of_another_form_is_named(aws: Aws) -> None:
    settings = MachineSettings(secrets={"tls": secret(aws, "d/tls", {"certificate": "C"})})
    with pytest.raises(StartError, match="the secret tls should have key"):
        fetch(settings, aws("secretsmanager"))


def test_a_key_file_without_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "worker.key").write_text("hunter2\n")
    with pytest.raises(StartError, match=r"worker\.key should hold a key"):
        read_keys(tmp_path)


def test_the_database_is_asked_by_tls() -> None:
    url = database_url("h:5432/m", {"username": "u", "password": "p"})
    assert url == "postgresql://u:p@h:5432/m?sslmode=require"


def machine(aws: Aws) -> tuple[str, str]:
    """Id and zone of a machine that runs."""
    (one,) = aws("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    return one["InstanceId"], one["Placement"]["AvailabilityZone"]


def test_a_disk_is_attached_once(aws: Aws) -> None:
    ec2 = aws("ec2")
    instance, zone = machine(aws)
    volume = ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    attach(volume, instance, ec2)
    attach(volume, instance, ec2)
    (found,) = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert [one["InstanceId"] for one in found["Attachments"]] == [instance]


def test_a_new_machine_waits_until_the_old_one_lets_go(aws: Aws) -> None:
    ec2 = aws("ec2")
    (old, zone), (new, _) = machine(aws), machine(aws)
    volume = ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    attach(volume, old, ec2)
    attach(
        volume,
        new,
        ec2,
        pause=lambda _: ec2.detach_volume(VolumeId=volume, InstanceId=old),
    )
    (found,) = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert [one["InstanceId"] for one in found["Attachments"]] == [new]


def test_a_disk_that_is_not_let_go_is_told_with_its_holder(aws: Aws) -> None:
    ec2 = aws("ec2")
    (old, zone), (new, _) = machine(aws), machine(aws)
    volume = ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    attach(volume, old, ec2)
    with pytest.raises(StartError, match=old):
        attach(volume, new, ec2, wait_seconds=9, pause=lambda _: None)


def test_an_address_moves_to_the_new_machine(aws: Aws) -> None:
    ec2 = aws("ec2")
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    for instance in (machine(aws)[0], machine(aws)[0]):
        take_address(allocation, instance, ec2)
        (found,) = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
        assert found["InstanceId"] == instance


def test_a_volume_has_its_device_by_name() -> None:
    device = device_of("vol-0abc")
    assert device.name == "nvme-Amazon_Elastic_Block_Store_vol0abc"


def test_names_are_entered_and_taken_away(aws: Aws) -> None:
    discovery = aws("servicediscovery")
    vpc = aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    discovery.create_private_dns_namespace(Name="m.internal", Vpc=vpc)
    (namespace,) = discovery.list_namespaces()["Namespaces"]
    service = discovery.create_service(
        Name="game",
        NamespaceId=namespace["Id"],
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]},
    )["Service"]["Id"]
    settings = MachineSettings(register={"game": service})
    register(settings, "i-1", "10.0.0.5", discovery)
    (entered,) = discovery.list_instances(ServiceId=service)["Instances"]
    assert entered["Attributes"]["AWS_INSTANCE_IPV4"] == "10.0.0.5"
    for _ in range(2):
        deregister(settings, "i-1", discovery)
    assert discovery.list_instances(ServiceId=service)["Instances"] == []


def checkpoint(folder: Path, name: str, text: str) -> None:
    (folder / "race").mkdir(parents=True, exist_ok=True)
    (folder / "race" / name).write_text(text)


def test_a_learner_goes_on_elsewhere_with_its_newest_checkpoints(aws: Aws, tmp_path: Path) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="models")
    store = Store("s3://models/checkpoints", s3)
    here, there = tmp_path / "here", tmp_path / "there"
    sent: dict[str, tuple[int, int]] = {}
    checkpoint(here, "checkpoint-1.pt", "one")
    checkpoint(here, "metrics.jsonl", "a line")
    checkpoint(here, "checkpoint-2.tmp", "unfinished")
    assert store.keep(here, sent) == ["race/checkpoint-1.pt", "race/metrics.jsonl"]
    assert store.keep(here, sent) == []
    checkpoint(here, "checkpoint-2.pt", "two")
    (here / "race" / "checkpoint-1.pt").unlink()
    assert store.keep(here, sent) == ["race/checkpoint-2.pt"]
    assert store.restore(there) == ["race/checkpoint-2.pt", "race/metrics.jsonl"]
    assert (there / "race" / "checkpoint-2.pt").read_text() == "two"


def test_a_machine_with_checkpoints_of_its_own_keeps_them(aws: Aws, tmp_path: Path) -> None:
    aws("s3").create_bucket(Bucket="others")
    store = Store("s3://others", aws("s3"))
    checkpoint(tmp_path / "a", "checkpoint-9.pt", "theirs")
    store.keep(tmp_path / "a", {})
    checkpoint(tmp_path / "b", "checkpoint-1.pt", "mine")
    assert store.restore(tmp_path / "b") == []
    assert store.restore(tmp_path / "c") == ["race/checkpoint-9.pt"]


def test_what_came_last_is_sent_when_it_is_stopped(aws: Aws, tmp_path: Path) -> None:
    aws("s3").create_bucket(Bucket="last")
    store, stop = Store("s3://last/x", aws("s3")), threading.Event()
    checkpoint(tmp_path, "checkpoint-1.pt", "last words")
    stop.set()
    keep_until(store, tmp_path, stop, 3600)
    keys = [one["Key"] for one in aws("s3").list_objects_v2(Bucket="last")["Contents"]]
    assert keys == ["x/race/checkpoint-1.pt"]


def test_a_place_that_is_no_bucket_is_named(aws: Aws) -> None:
    with pytest.raises(StartError, match="s3://bucket/prefix"):
        Store("/tmp/x", aws("s3"))


def page(rows: int, matches: int, calls: int) -> str:
    return (
        f'mazemesh_replay_inserted_rows_total{{table="t"}} {rows}\n'
        f"mazemesh_matchmaker_matches_live {matches}\n"
        f'grpc_server_handled_total{{grpc_method="FindMatch"}} {calls}\n'
    )


def test_figures_of_a_machines_pages_are_told_to_cloudwatch(aws: Aws) -> None:
    now = {9152: page(0, 5, 1), 9155: page(100, 0, 0)}
    settings = MachineSettings(
        name="mesh-a", units=("mazemesh-service@matchmaker", "mazemesh-service@replay")
    )
    exporter = Exporter(settings, lambda port: now[port], aws("cloudwatch"))
    assert exporter.look(0.0) == {}, "nothing has grown yet"
    now.update({9152: page(0, 7, 4), 9155: page(160, 0, 0)})
    values = exporter.look(60.0)
    assert values == {
        "QueuedGames": 7,
        "WantedGames": 0,
        "InsertsMinusSamples": 0,
        "RowsInserted": 60,
        "RowsSampled": 0,
        "Asked": 3,
    }
    told = aws("cloudwatch").list_metrics(
        Namespace="Mazemesh", Dimensions=[{"Name": "Mesh", "Value": "mesh-a"}]
    )["Metrics"]
    assert {one["MetricName"] for one in told} == set(values)


def test_a_machine_tells_only_what_it_knows(aws: Aws) -> None:
    settings = MachineSettings(name="mesh-b", units=("mazemesh-learner", "mazemesh-actor@1"))
    lines = ["mazemesh_learner_agent_steps_total 10", "mazemesh_learner_agent_steps_total 25"]
    exporter = Exporter(settings, lambda port: lines.pop(0), aws("cloudwatch"))
    exporter.look(0.0)
    assert exporter.look(60.0) == {"LearnedSteps": 15}


def test_a_page_that_does_not_answer_is_no_new_start(aws: Aws) -> None:
    def away(port: int) -> str:
        raise OSError("refused")

    settings = MachineSettings(name="mesh-c", units=("mazemesh-service@elo",))
    exporter = Exporter(settings, away, aws("cloudwatch"))
    assert exporter.look(0.0) == {}
    assert exporter.look(60.0) == {}


def test_a_group_is_told_of_a_busy_machine_once() -> None:
    changes: list[bool] = []
    protection = Protection(changes.append)
    for busy in (False, True, True, False):
        protection.follow(busy)
    assert changes == [False, True, False]
