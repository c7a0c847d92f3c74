from __future__ import annotations

import dataclasses

import pytest

from molvae.errors import ConfigError
from molvae.settings import settings_from_mapping
from molvae.training.config import DEFAULT_EPOCHS, RESUMABLE, TrainConfig, check_same_run


def test_settings_survive_json() -> None:
    config = TrainConfig(max_minutes=1.5, beta_schedule="cyclical", ema_decay=0.99)
    assert settings_from_mapping(TrainConfig, dataclasses.asdict(config), where="train") == config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("max_steps", -1),
        ("max_minutes", 0.0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("beta", -0.1),
        ("beta_schedule", "linaer"),
        ("precision", "fp16"),
        ("ema_decay", 1.0),
        ("gradient_clip", 0.0),
        ("final_learning_rate", 2.0),
        ("patience", 0),
        ("threads", 0),
        ("seed", -1),
    ],
)
def test_a_setting_out_of_range_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        TrainConfig(**{name: value})  # type: ignore[arg-type]


def test_the_first_limit_ends_the_run() -> None:
    assert TrainConfig(epochs=2, max_steps=7).total_steps(10) == 7
    assert TrainConfig(epochs=2, max_steps=70).total_steps(10) == 20
    assert TrainConfig(max_minutes=1).total_steps(10) is None
    assert TrainConfig().total_steps(10) == 10 * DEFAULT_EPOCHS


def test_a_resumed_run_may_only_go_on_longer_or_report_otherwise() -> None:
    config = TrainConfig()
    check_same_run(config, dataclasses.replace(config, epochs=99, log_every=1), free=RESUMABLE)
    with pytest.raises(ConfigError, match=r"beta was 0\.05 .* now 0\.5"):
        check_same_run(config, dataclasses.replace(config, beta=0.5), free=RESUMABLE)


def test_what_a_resumed_run_may_change_are_settings() -> None:
    assert {field.name for field in dataclasses.fields(TrainConfig)} >= RESUMABLE
