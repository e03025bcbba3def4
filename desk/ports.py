"""Is a port free? Asked before anything is started, so that the answer is one clear sentence."""

from __future__ import annotations

import socket

from core.errors import InvalidInput


def is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int, setting: str) -> None:
    """Raises ``InvalidInput`` that names the setting to change."""
    if not is_free(host, port):
        raise InvalidInput(
            "Port {port} is in use by another program; choose another one with {setting}.", port=port, setting=setting
        )
