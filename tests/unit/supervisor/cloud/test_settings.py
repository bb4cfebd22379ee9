import pytest

from mazemesh.process.errors import StartError
from supervisor.cloud.machine.exporter import pages
from supervisor.cloud.machine.learning import command
from supervisor.cloud.machine.settings import MachineSettings


def test_they_are_read_as_user_data_writes_them() -> None:
    settings = MachineSettings.from_environment(
        {
            "MAZEMESH_CLOUD_NAME": "mazemesh-hobby",
            "MAZEMESH_CLOUD_UNITS": "mazemesh-service@game,mazemesh-learner",
            "MAZEMESH_CLOUD_SECRETS": "tls=arn:aws:secretsmanager:x:1:secret:a=b,worker-key=arn:w",
            "MAZEMESH_CLOUD_DRAIN": "30",
            "MAZEMESH_CLOUD_VOLUME": "",
        }
    )
    assert settings.units == ("mazemesh-service@game", "mazemesh-learner")
    assert settings.secrets["tls"].endswith("a=b")
    assert settings.drain_seconds == 30
    assert settings.volume == ""


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("DRAIN", "soon", "seconds from 1 to 3600"),
        ("DRAIN", "0", "seconds from 1 to 3600"),
        ("REGISTER", "game", "NAME=VALUE"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, text: str) -> None:
    with pytest.raises(StartError, match=text) as caught:
        MachineSettings.from_environment({f"MAZEMESH_CLOUD_{name}": value})
    assert f"MAZEMESH_CLOUD_{name}" in str(caught.value)
    assert caught.value.exit_code == 2


def test_pages_of_a_machine_are_those_of_its_units() -> None:
    units = ("mazemesh-service@elo", "mazemesh-actor@1", "mazemesh-learner")
    assert pages(units) == {"elo": 9154, "learner": 9170}


def test_a_learner_alone_is_a_process_and_one_of_several_a_rank() -> None:
    alone = command({})
    assert alone[1:] == ("-P", "-m", "learner", "--metrics-port", "9170")
    several = command(
        {
            "MAZEMESH_CLOUD_NAME": "m",
            "MAZEMESH_CLOUD_NODES": "1:2",
            "MAZEMESH_CLOUD_RENDEZVOUS": "learner.m.internal:29400",
        }
    )
    assert several[1:4] == ("-P", "-m", "torch.distributed.run")
    assert several[several.index("--rdzv-endpoint") + 1] == "learner.m.internal:29400"
    assert several[-4:] == ("-m", "learner", "--metrics-port", "9170")
