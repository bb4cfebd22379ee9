from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, ValidationError

from mazemesh.process.settings import parse_settings
from services._harness import Port, ServiceSettings, StartError


class ShopSettings(ServiceSettings):
    component: ClassVar[str] = "shop"
    port: Port = 50099
    capacity: int = Field(default=10, gt=0, description="how many things it holds")
    game_address: str = "127.0.0.1:50051"
    open_at_night: bool = False


def test_defaults() -> None:
    settings = parse_settings(ShopSettings, [], "shop")
    assert (settings.host, settings.port, settings.capacity) == ("127.0.0.1", 50099, 10)
    assert settings.metrics_port is None
    assert settings.data_dir == Path.cwd() / ".mazemesh"
    assert settings.effective_database_url == f"sqlite:///{Path.cwd()}/.mazemesh/shop.sqlite"


def test_flags_win_over_own_variables_and_these_over_common_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAZEMESH_DRAIN_SECONDS", "1")
    assert parse_settings(ShopSettings, [], "shop").drain_seconds == 1
    monkeypatch.setenv("MAZEMESH_SHOP_DRAIN_SECONDS", "2")
    assert parse_settings(ShopSettings, [], "shop").drain_seconds == 2
    assert parse_settings(ShopSettings, ["--drain-seconds", "3"], "shop").drain_seconds == 3


def test_common_variables_cover_what_services_share_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAZEMESH_DATA_DIR", "/data")
    monkeypatch.setenv("MAZEMESH_GAME_ADDRESS", "game:1")
    monkeypatch.setenv("MAZEMESH_PORT", "1")
    monkeypatch.setenv("MAZEMESH_CAPACITY", "1")
    settings = parse_settings(ShopSettings, [], "shop")
    assert settings.data_dir == Path("/data")
    assert settings.game_address == "game:1"
    assert settings.port == 50099
    assert settings.capacity == 10


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAZEMESH_SHOP_CAPACITY", "")
    assert parse_settings(ShopSettings, [], "shop").capacity == 10


def test_a_flag_for_a_boolean() -> None:
    assert parse_settings(ShopSettings, ["--open-at-night"], "shop").open_at_night


def test_a_wrong_value_names_field_value_and_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAZEMESH_SHOP_CAPACITY", "0")
    with pytest.raises(StartError) as caught:
        parse_settings(ShopSettings, ["--log-format", "json", "--metrics-port", "abc"], "shop")
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines() == [
        (
            "metrics_port = 'abc' is wrong: input should be a valid integer, unable to parse "
            "string as an integer (set it by --metrics-port or MAZEMESH_SHOP_METRICS_PORT)"
        ),
        (
            "capacity = '0' is wrong: input should be greater than 0 "
            "(set it by --capacity or MAZEMESH_SHOP_CAPACITY)"
        ),
    ]


def test_an_unknown_flag_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_settings(ShopSettings, ["--capacty", "3"], "shop")
    assert caught.value.code == 2
    assert "--capacty" in capsys.readouterr().err


def test_settings_in_code_are_checked_and_fixed() -> None:
    settings = ShopSettings(port=0, data_dir=Path("~/mesh"))
    assert settings.data_dir == Path.home() / "mesh"
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError, match="capasity"):
        ShopSettings(capasity=3)  # type: ignore[call-arg]
