"""Proxies in front of nodes: one Toxiproxy server of a home, asked through toxiproxy-python.

That library keeps the server's address in a class, so that a process can have one server; it asks with `requests`,
which sends what is for loopback to the machine's web proxy where one is set. Both end here: each call lends the
library this server's address and a session that reads no environment, under a lock. Who connects, a proxy can't see.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
import toxiproxy.api
from toxiproxy.server import Toxiproxy

from topologies.engine import HarnessError, NodeStartError
from topologies.toxics import Stream
from topologies.wait import NotInTime, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from topologies.toxics import Toxic

_START_S = 15.0
_ASK_S = 10.0
_LENT = threading.Lock()  # of the whole process: the library has one address
_TRAFFIC = re.compile(r"toxiproxy_proxy_(received|sent)_bytes_total\{([^}]*)\} (\S+)")
_ACCEPTED = re.compile(r'"name":"([^"]+)".*"message":"Accepted client"')


class ProxyError(HarnessError):
    """Toxiproxy did not do what it was asked; the message has its words."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What went through a proxy: bytes of connections that have ended (Toxiproxy counts no others)."""

    connections: int = 0  # accepted, those that go on too
    upstream_bytes: int = 0
    downstream_bytes: int = 0


class Proxies:
    """All proxies of one Toxiproxy server, by name."""

    def __init__(
        self,
        api: Address,
        *,
        log: Callable[[], str],
        exit_status: Callable[[], int | None],
    ) -> None:
        self.api = api
        self.log = log
        self._exit_status = exit_status
        self._session = requests.Session()
        self._session.trust_env = False
        self._server = Toxiproxy()
        self._proxies: dict[str, Proxy] = {}

    def __getitem__(self, name: str) -> Proxy:
        return self._proxies[name]

    def __iter__(self) -> Iterator[Proxy]:
        return iter(list(self._proxies.values()))

    def wait_until_ready(self) -> None:
        """Return when it answers.

        Raises:
            NodeStartError: it ended, or does not answer in time.

        """

        def look() -> str:
            status = self._exit_status()
            return "ready" if self._answers() else "not yet" if status is None else f"ended with {status}"

        try:
            seen = wait_until(
                look, timeout_s=_START_S, expect=f"Toxiproxy at {self.api}", until=lambda it: it != "not yet"
            )
        except NotInTime as late:
            raise NodeStartError(f"{late}\nits last log lines:\n{self.log()[-2000:]}") from late
        if seen != "ready":
            raise NodeStartError(f"Toxiproxy {seen}; its last log lines:\n{self.log()[-2000:]}")

    def add(self, name: str, *, listen: Address, upstream: Address) -> Proxy:
        """A proxy that is open. A name is in use once.

        Raises:
            ProxyError: the name or the address is taken.

        """
        with self.asked(f"open {name} at {listen}"):
            made = self._server.create(upstream=str(upstream), name=name, listen=str(listen), enabled=True)
        proxy = Proxy(self, made, name, listen, upstream)
        self._proxies[name] = proxy
        return proxy

    def remove(self, name: str) -> None:
        """Close it and its connections."""
        proxy = self._proxies.pop(name)
        with self.asked(f"remove {name}"):
            proxy.made.destroy()

    def reset(self) -> None:
        """Every proxy is open, with nothing wrong in it."""
        with self.asked("reset"):
            self._server.reset()

    def traffic(self) -> Mapping[str, Traffic]:
        """What went through each proxy since it was made."""
        with self.asked("say what went through"):
            text = toxiproxy.api.APIConsumer.get("/metrics").text
        sums: Counter[tuple[str, str]] = Counter()
        for what, labels, value in _TRAFFIC.findall(text):
            label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            if what == "sent":
                sums[label["proxy"], label["direction"]] += int(float(value))
        accepted = Counter(_ACCEPTED.findall(self.log()))
        return {
            name: Traffic(
                connections=accepted[name],
                upstream_bytes=sums[name, "upstream"],
                downstream_bytes=sums[name, "downstream"],
            )
            for name in self._proxies
        }

    def close(self) -> None:
        """Forget the server, which its home ends."""
        self._session.close()
        self._proxies.clear()

    @contextlib.contextmanager
    def asked(self, what: str) -> Iterator[None]:
        """While this holds, the library speaks to this server.

        Raises:
            ProxyError: it answered with an error, or not at all.

        """
        with _LENT:
            consumer = toxiproxy.api.APIConsumer
            before = consumer.host, consumer.port, toxiproxy.api.requests
            consumer.host, consumer.port = self.api.host, self.api.port
            toxiproxy.api.requests = _Limited(self._session)
            try:
                yield
            except Exception as error:
                raise ProxyError(f"Toxiproxy at {self.api} can't {what}: {error!r}") from error
            finally:
                consumer.host, consumer.port, toxiproxy.api.requests = before

    def _answers(self) -> bool:
        try:
            return bool(self._session.get(f"http://{self.api}/version", timeout=1.0).ok)
        except requests.RequestException:
            return False


class Proxy:
    """One proxy: a way to one node that can be cut, slowed down and healed."""

    def __init__(self, server: Proxies, made: Any, name: str, listen: Address, upstream: Address) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.made = made
        self._server = server

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        with self._server.asked(f"cut {self.name}"):
            self.made.disable()

    def heal(self) -> None:
        """Let everything through again: open, and without toxics."""
        self.clear()
        with self._server.asked(f"open {self.name}"):
            self.made.enable()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Cut while this holds."""
        self.cut()
        try:
            yield
        finally:
            self.heal()

    def add(self, toxic: Toxic, stream: Stream = Stream.DOWNSTREAM) -> str:
        """Put something wrong into the link, one way; returns its name, for `take`."""
        name = f"{toxic.kind}_{stream.value}"
        with self._server.asked(f"put {toxic} into {self.name}"):
            self.made.add_toxic(
                name=name, type=toxic.kind, stream=stream.value, attributes=toxic.attributes()
            )
        return name

    def take(self, name: str) -> None:
        """Take away what `add` put there."""
        with self._server.asked(f"take {name} out of {self.name}"):
            self.made.destroy_toxic(name)

    def clear(self) -> None:
        """Take away everything that is wrong with it."""
        with self._server.asked(f"clear {self.name}"):
            for name in self.made.toxics():
                self.made.destroy_toxic(name)

    def toxics(self) -> tuple[str, ...]:
        """What is wrong with it now."""
        with self._server.asked(f"say what is wrong with {self.name}"):
            return tuple(self.made.toxics())


class _Limited:
    """The session as the library wants it, with a time-out and an error for every answer that is one."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def get(self, **words: Any) -> requests.Response:
        return self._checked(self._session.get(timeout=_ASK_S, **words))

    def post(self, **words: Any) -> requests.Response:
        return self._checked(self._session.post(timeout=_ASK_S, **words))

    def delete(self, **words: Any) -> requests.Response:
        return self._checked(self._session.delete(timeout=_ASK_S, **words))

    @staticmethod
    def _checked(answer: requests.Response) -> requests.Response:
        if not answer.ok:
            raise ProxyError(f"{answer.status_code} {answer.text.strip()}")
        return answer
