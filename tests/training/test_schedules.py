from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.training.schedules import beta_schedule, cosine_decay, cyclical, learning_rate, linear_warmup

STEPS = st.integers(0, 100_000)
LENGTHS = st.integers(1, 10_000)


@given(STEPS, LENGTHS, st.sampled_from(["constant", "linear", "cyclical"]))
def test_beta_stays_between_zero_and_its_peak(step: int, length: int, name: str) -> None:
    assert 0 <= beta_schedule(name, peak=0.3, length=length)(step) <= 0.3  # type: ignore[arg-type]


@given(STEPS, LENGTHS)
def test_the_warm_up_never_falls_and_ends_at_the_peak(step: int, length: int) -> None:
    assert linear_warmup(step, length=length, peak=2.0) <= linear_warmup(step + 1, length=length, peak=2.0)
    assert linear_warmup(length, length=length, peak=2.0) == 2.0


@given(STEPS, LENGTHS)
def test_cycles_repeat(step: int, length: int) -> None:
    assert cyclical(step, length=length, peak=1.0) == cyclical(step + length, length=length, peak=1.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_cosine_never_rises(a: float, b: float) -> None:
    earlier, later = sorted((a, b))
    assert cosine_decay(earlier, peak=1.0, final=0.1) >= cosine_decay(later, peak=1.0, final=0.1)


def test_the_cosine_goes_from_peak_to_final() -> None:
    assert cosine_decay(0.0, peak=3.0, final=1.0) == 3.0
    assert cosine_decay(0.5, peak=3.0, final=1.0) == pytest.approx(2.0)
    assert cosine_decay(1.0, peak=3.0, final=1.0) == 1.0


def test_the_first_step_already_learns() -> None:
    assert learning_rate(0, 0.0, peak=1.0, final=0.0, warmup_steps=100) == pytest.approx(0.01)
    assert learning_rate(0, 0.0, peak=1.0, final=0.0, warmup_steps=0) == 1.0


def test_a_length_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        linear_warmup(1, length=0, peak=1.0)
    with pytest.raises(ValueError, match="length"):
        cyclical(1, length=0, peak=1.0)
    with pytest.raises(ValueError, match="rising"):
        cyclical(1, length=5, peak=1.0, rising=0.0)
