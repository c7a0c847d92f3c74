"""Processes that call the user's function: each can be killed without losing what the others are doing."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from joblib.externals.loky import ProcessPoolExecutor

from molvae.errors import ObjectiveError
from molvae.optimize.answers import Scorer, Values, call
from molvae.optimize.scorers import resolve

_MAX_ERROR = 300  # characters of an exception's text that are kept
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

_scorer: Scorer | None = None  # of this process, if it is one that calls
_problem = ""  # why it has none


class Reply(NamedTuple):
    """What came of one call."""

    values: list[Values | None] | None  # None if the call went wrong
    error: str = ""  # what the function raised
    breach: str = ""  # how its answer is not what it must be: an error of the user's program, not of a molecule


def reply_to(scorer: Scorer, smiles: list[str], name: str) -> Reply:
    """Call the function; whatever it raises becomes text, which every process can send."""
    try:
        return Reply(call(scorer, smiles, name))
    except ObjectiveError as err:
        return Reply(None, breach=str(err))
    except (Exception, SystemExit) as err:  # noqa: BLE001  the function is the user's, and anything can go wrong in it
        return Reply(None, error=f"{type(err).__name__}: {err}"[:_MAX_ERROR])


class CallProcess:
    """One process that holds the function; it starts when first needed, and again after it was stopped."""

    def __init__(self, target: object, name: str) -> None:
        """Take what `resolve` makes a function of: the process does that itself."""
        self._target = target
        self._name = name
        self._executor: ProcessPoolExecutor | None = None
        self._started: Future[None] | None = None

    def start(self) -> None:
        """Start the process unless it runs; returns at once.

        Raises:
            ObjectiveError: the function cannot be sent to another process.
        """
        if self._executor is not None:
            return
        executor = ProcessPoolExecutor(
            max_workers=1, initializer=_install, initargs=(self._target, os.getpid()), env=_ONE_THREAD
        )
        try:
            self._started = executor.submit(_ready)
        except Exception as err:
            raise ObjectiveError(
                f"the objective cannot be sent to another process ({type(err).__name__}: {err}); put it into a file and"
                " name it as module:function, or call it in this process (workers=1, no timeout)"
            ) from err
        self._executor = executor

    def submit(self, smiles: list[str]) -> Future[Reply]:
        """Return the reply to come, once the process has loaded the function: its time does not count.

        Raises:
            ObjectiveError: the function cannot be sent, or loading it kills the process.
        """
        self.start()
        assert self._executor is not None
        assert self._started is not None
        try:
            self._started.result()
        except BrokenProcessPool as err:
            raise ObjectiveError("a process that is to call the objective died while it was loading it") from err
        future: Future[Reply] = self._executor.submit(_reply, smiles, self._name)
        return future

    def stop(self) -> None:
        """Kill the process, whatever it is doing."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)
            self._executor = None


def _install(target: object, parent: int) -> None:
    global _scorer, _problem
    _settle(parent)
    os.dup2(2, 1)  # what the function prints is no output of this program
    try:
        _scorer = resolve(target).scorer
    except Exception as err:  # noqa: BLE001  an initializer that raises breaks its pool without saying why
        _problem = f"a process that is to call the objective cannot load it: {type(err).__name__}: {err}"


def _settle(parent: int) -> None:
    """Leave a Ctrl-C to the parent, and end when it is gone, killed or not."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)  # sys.exit would end this thread only


def _ready() -> None:
    """Return when the process can be called."""


def _reply(smiles: list[str], name: str) -> Reply:
    return Reply(None, breach=_problem) if _scorer is None else reply_to(_scorer, smiles, name)
