"""Calls: every molecule has one outcome, whatever the function does, and only the one at fault fails."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from molvae.errors import ConfigError, ObjectiveError
from molvae.optimize.answers import Scorer
from molvae.optimize.calls import Caller, CallSettings, ChunkSize, Outcome

LETTERS = [chr(ord("a") + number) for number in range(26)]  # any text will do: nothing here reads SMILES


def outcomes_of(scorer: Scorer, texts: list[str], **settings: Any) -> list[Outcome]:
    """Return the outcomes in the order of the rows, of which each has exactly one."""
    caller = Caller(scorer, scorer, "score", CallSettings(**settings))
    try:
        outcomes = sorted((outcome for chunk in caller(texts) for outcome in chunk), key=lambda outcome: outcome.row)
    finally:
        caller.close()
    assert [outcome.row for outcome in outcomes] == list(range(len(texts)))
    return outcomes


def code(texts: list[str]) -> list[float]:
    return [float(ord(text)) for text in texts]


CODES = [{"score": float(ord(text))} for text in LETTERS]


@pytest.mark.parametrize("settings", [{}, {"chunk_size": 4}, {"workers": 2}, {"workers": 2, "chunk_size": 50}], ids=str)
def test_every_molecule_is_answered_once(settings: dict[str, Any]) -> None:
    outcomes = outcomes_of(lambda texts: [float(ord(text)) for text in texts], LETTERS, **settings)
    assert [outcome.values for outcome in outcomes] == CODES
    assert {(outcome.reason, outcome.attempts) for outcome in outcomes} == {("", 1)}


def test_no_molecules_need_no_call() -> None:
    assert outcomes_of(code, []) == []


def sizes_of(seconds: Callable[[int], float], calls: int) -> list[int]:
    """Return the sizes of the first chunks of a function that takes so many seconds for so many molecules."""
    chunk, sizes = ChunkSize(None), []
    for _ in range(calls):
        sizes.append(chunk.size)
        chunk.learn(chunk.size, seconds(chunk.size))
    return sizes


def test_chunks_grow_where_that_pays() -> None:
    assert sizes_of(lambda count: 0.0, 12)[-3:] == [512, 1024, 1024]  # quick
    assert sizes_of(lambda count: 0.0005 * count, 10) == [1, 2, 4, 8, 16, 32, 64, 32, 64, 64]  # until it takes time
    assert sizes_of(lambda count: 0.1 * count, 5) == [1, 2, 1, 1, 1]  # one after the other
    assert sizes_of(lambda count: 0.1, 6) == [1, 2, 4, 8, 16, 32]  # side by side
    assert sizes_of(lambda count: 0.3 if count <= 8 else 0.3 * count / 8, 7) == [1, 2, 4, 8, 16, 8, 8]  # eight of them
    assert sizes_of(lambda count: 2.0, 3) == [1, 1, 1]  # too much to lose


def test_chunks_shrink_where_molecules_become_slow() -> None:
    chunk = ChunkSize(None)
    for _ in range(5):
        chunk.learn(chunk.size, 0.001)
    assert chunk.size == 32
    sizes = []
    for _ in range(6):
        chunk.learn(chunk.size, 0.5 * chunk.size)
        sizes.append(chunk.size)
    assert sizes == [16, 8, 4, 2, 2, 2]


def test_a_size_that_the_user_gives_stays_and_a_rest_teaches_nothing() -> None:
    chunk = ChunkSize(7)
    chunk.learn(7, 0.0)
    assert chunk.size == 7
    chunk = ChunkSize(None)
    chunk.learn(3, 0.0)
    assert chunk.size == 1


def test_a_function_gets_chunks_of_the_size_asked_for() -> None:
    sizes = []

    def function(texts: list[str]) -> list[float]:
        sizes.append(len(texts))
        return code(texts)

    outcomes_of(function, LETTERS, chunk_size=8)
    assert sizes == [8, 8, 8, 2]


def test_a_molecule_that_raises_takes_no_other_with_it() -> None:
    def picky(texts: list[str]) -> list[float]:
        if "k" in texts:
            raise KeyError("k")
        return code(texts)

    outcomes = outcomes_of(picky, LETTERS, chunk_size=8)
    assert [outcome.reason for outcome in outcomes if outcome.values is None] == ["KeyError: 'k'"]
    assert outcomes[10].values is None
    assert [outcome.values for outcome in outcomes if outcome.row != 10] == [c for c in CODES if c != CODES[10]]


def test_a_molecule_is_tried_again_as_often_as_asked() -> None:
    tried: list[str] = []

    def shaky(texts: list[str]) -> list[float]:
        tried.extend(texts)
        if tried.count(texts[0]) < 3:
            raise RuntimeError("not now")
        return code(texts)

    [given_up] = outcomes_of(shaky, ["a"], retries=1)
    assert (given_up.values, given_up.reason, given_up.attempts) == (None, "RuntimeError: not now", 2)
    [answered] = outcomes_of(shaky, ["b"], retries=2)
    assert (answered.values, answered.attempts) == ({"score": 98.0}, 3)


def test_none_is_an_answer_and_not_tried_again() -> None:
    calls = []

    def silent(texts: list[str]) -> list[None]:
        calls.append(texts)
        return [None] * len(texts)

    [outcome] = outcomes_of(silent, ["a"], retries=5)
    assert (outcome.values, outcome.reason, len(calls)) == (None, "the objective returned None", 1)


@pytest.mark.parametrize("settings", [{}, {"workers": 2}], ids=str)
def test_a_function_that_breaks_its_contract_ends_the_run(settings: dict[str, Any]) -> None:
    with pytest.raises(ObjectiveError, match="2 answers for 1 molecules"):
        outcomes_of(lambda texts: [0.0] * (len(texts) + 1), LETTERS, **settings)


def test_a_call_that_hangs_is_ended_and_the_others_go_on() -> None:
    def hanging(texts: list[str]) -> list[float]:
        if "c" in texts:
            time.sleep(600)
        return [float(ord(text)) for text in texts]

    start = time.monotonic()
    outcomes = outcomes_of(hanging, LETTERS[:6], workers=2, timeout=4.0, chunk_size=2)
    assert time.monotonic() - start < 60
    assert [outcome.reason for outcome in outcomes if outcome.values is None] == ["no answer within 4 s"]
    assert outcomes[2].values is None


def test_the_time_to_load_a_function_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "molvae_test_heavy.py").write_text(
        "import time\ntime.sleep(4)\ndef f(texts): return [1] * len(texts)\n"
    )
    monkeypatch.chdir(tmp_path)
    caller = Caller("molvae_test_heavy:f", code, "score", CallSettings(timeout=3))
    [[outcome]] = list(caller(["a"]))
    caller.close()
    assert outcome.values == {"score": 1.0}


def test_a_function_that_a_process_cannot_load_ends_the_run(tmp_path: Path) -> None:
    caller = Caller("molvae_test_absent:f", code, "score", CallSettings(workers=2))
    with pytest.raises(ObjectiveError, match=r"cannot load it: ConfigError: .* no module molvae_test_absent"):
        list(caller(["a"]))
    caller.close()


def test_a_molecule_that_kills_its_process_is_found(tmp_path: Path) -> None:
    deadly = tmp_path / "deaths"

    def fatal(texts: list[str]) -> list[float]:
        if "b" in texts:
            with deadly.open("a") as stream:
                stream.write(f"{len(texts)}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return [float(ord(text)) for text in texts]

    outcomes = outcomes_of(fatal, LETTERS[:4], workers=2, chunk_size=2, retries=1)
    assert [outcome.values is None for outcome in outcomes] == [False, True, False, False]
    assert outcomes[1].reason.startswith("the process that computed it died")
    assert deadly.read_text() == "2\n1\n1\n"  # with its neighbour, alone, and once more


def test_processes_stay_for_the_next_molecules_and_end_when_asked() -> None:
    caller = Caller(_process_number, _process_number, "score", CallSettings(workers=1, timeout=60))
    first, second = ([outcome.values for chunk in caller(["a"]) for outcome in chunk] for _ in range(2))
    assert first == second != [{"score": float(os.getpid())}]
    caller.close()
    number = int(first[0]["score"]) if first[0] else 0
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def _process_number(texts: list[str]) -> list[float]:
    return [float(os.getpid())] * len(texts)


def test_what_cannot_be_sent_to_a_process_is_refused_with_a_way_out() -> None:
    lock = threading.Lock()
    with pytest.raises(ObjectiveError, match=r"cannot be sent to another process .* module:function"):
        outcomes_of(lambda texts: [float(lock.locked())] * len(texts), ["a"], workers=2)


def test_impossible_settings_are_refused() -> None:
    for name in ("workers", "timeout", "chunk_size"):
        with pytest.raises(ConfigError, match=f"{name} must be"):
            CallSettings(**{name: 0})
    with pytest.raises(ConfigError, match="retries must be"):
        CallSettings(retries=-1)
