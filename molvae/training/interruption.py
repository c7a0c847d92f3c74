"""Ctrl-C and SIGTERM as a request that the loop answers between two steps."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType, TracebackType

_logger = logging.getLogger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While entered, the first SIGINT or SIGTERM sets `requested`; a second one ends the program at once.

    The handlers that were there before come back on exit. Outside the main thread Python lets nobody set handlers;
    there it watches nothing, and Ctrl-C does what the main thread makes of it.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._request) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        _logger.warning("%s: saving and stopping after this step; again to stop at once", signal.Signals(number).name)
