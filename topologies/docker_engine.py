"""The Docker engine of this machine, or why there is none. Knows no images and no containers."""

from __future__ import annotations

import os
import socket

import docker
import docker.errors
import requests
from docker.context import ContextAPI

from topologies.engine import EngineNotAvailable

_DEFAULT = "unix:///var/run/docker.sock"
_CALL_TIMEOUT_S = 60


def connect(*, timeout_s: int = _CALL_TIMEOUT_S) -> docker.DockerClient:
    """A client of the engine that DOCKER_HOST names, else `docker context use`; it has answered.

    Raises:
        EngineNotAvailable: no engine answers.

    """
    host = _host()
    _refuse_dead_socket(host)
    environment = dict(os.environ) | ({} if host == _DEFAULT else {"DOCKER_HOST": host})
    try:
        return docker.from_env(timeout=timeout_s, environment=environment)  # asks for the engine's version
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise EngineNotAvailable(f"no Docker engine answers at {host}: {error}") from error


def _host() -> str:
    if chosen := os.environ.get("DOCKER_HOST"):
        return chosen
    context = ContextAPI.get_current_context()
    return str(context.Host or _DEFAULT) if context.Name != "default" else _DEFAULT


def _refuse_dead_socket(host: str) -> None:
    """Look ourselves first: docker-py leaves a socket open behind an attempt that fails."""
    if not host.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(host.removeprefix("unix://"))
        except PermissionError as error:
            raise EngineNotAvailable(
                f"this user may not talk to the Docker engine at {host}. "
                "Join the group docker, or set DOCKER_HOST"
            ) from error
        except OSError as error:
            raise EngineNotAvailable(
                f"no Docker engine answers at {host} ({error.strerror}). Start one, or set DOCKER_HOST"
            ) from error
