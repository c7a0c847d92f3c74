"""The server of the page: on this machine's loopback only."""

from __future__ import annotations

import logging
import socket
import sys
from typing import TYPE_CHECKING

from molvae.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from flask import Flask

HOST = "127.0.0.1"
_THREADS = 4  # drawings are made while the model computes
_MAX_HEADER = 16_384  # bytes; a SMILES that the gate takes is far shorter


class LocalServer:
    """Serves an application on loopback until it is interrupted.

    Args:
        app: the application.
        port: 0 takes a free one.

    Raises:
        ConfigError: the port is taken.
        MissingExtraError: waitress is not installed.
    """

    def __init__(self, app: Flask, port: int = 0) -> None:
        try:
            import waitress
        except ImportError as err:
            raise MissingExtraError("waitress", "explore") from err
        # Bound here: waitress leaves its own socket open where the port is taken.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform != "win32":  # there it would let two servers share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
        except OSError as err:
            listener.close()
            way_out = "take another one, or 0 for a free one"
            raise ConfigError(f"port {port} cannot be used ({err.strerror}); {way_out}") from err
        self._port = listener.getsockname()[1]
        self._server = waitress.create_server(
            app, sockets=[listener], threads=_THREADS, max_request_header_size=_MAX_HEADER, max_request_body_size=1,
            ident=None, clear_untrusted_proxy_headers=True,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._port}/"

    def run(self) -> None:
        """Answer until Ctrl-C, then close."""
        queue = logging.getLogger("waitress.queue")  # tells of every drawing that waits while the model computes
        level = queue.level
        queue.setLevel(logging.ERROR)
        try:
            self._server.run()  # ends on KeyboardInterrupt and SystemExit
        finally:
            queue.setLevel(level)
            self.close()

    def close(self) -> None:
        """Free the port."""
        self._server.close()
