"""The delaying proxy: late by what was asked, never early, and not a byte other than it was sent."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Typist
from tests.controlplane.cluster import ControlPlane
from tests.delay_proxy import FIRST_WINDOW_BYTES, LOOPBACK, Address, delay_proxy, server_of, write_detour

ROUND_TRIP_S = 0.06
PATIENCE_S = 20.0
CONTENT = random.Random(1).randbytes(3_000_000)


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Where each connection is answered, in a thread of its own."""
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer_and_close, args=(connection,), daemon=True).start()

    def answer_and_close(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with connection:
            answer(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield Address(*listener.getsockname())
    finally:
        # Closing alone does not wake the thread that accepts.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def at_a_distance(answer: Callable[[socket.socket], None]) -> Iterator[Callable[[], socket.socket]]:
    """What connects to such a server through the proxy."""
    with server(answer) as to, delay_proxy(to, ROUND_TRIP_S) as address:
        yield lambda: socket.create_connection(address, PATIENCE_S)


def echo(connection: socket.socket) -> None:
    while content := connection.recv(65536):
        connection.sendall(content)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def test_there_and_back_takes_a_round_trip_at_least() -> None:
    with at_a_distance(echo) as connect, connect() as client:
        client.sendall(b"the connection stands")
        client.recv(100)
        began = time.monotonic()
        for word in (b"one", b"two", b"three"):
            client.sendall(word)
            assert client.recv(100) == word
        assert time.monotonic() - began >= 3 * ROUND_TRIP_S


def test_a_new_connection_costs_the_round_trip_of_its_handshake_too() -> None:
    began = time.monotonic()
    with at_a_distance(echo) as connect, connect() as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
    assert time.monotonic() - began >= 2 * ROUND_TRIP_S


def test_bytes_arrive_whole_and_in_order_both_ways_at_once() -> None:
    with at_a_distance(echo) as connect, connect() as client:

        def send() -> None:
            client.sendall(CONTENT)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert read_all(client) == CONTENT
        sender.join()


def test_a_large_answer_costs_several_round_trips() -> None:
    with at_a_distance(lambda connection: connection.sendall(CONTENT)) as connect:
        began = time.monotonic()
        with connect() as client:
            assert len(read_all(client)) == len(CONTENT)
    doublings = 0
    while FIRST_WINDOW_BYTES * (2 ** (doublings + 1) - 1) < len(CONTENT):
        doublings += 1
    assert doublings == 7
    assert time.monotonic() - began >= doublings * ROUND_TRIP_S


def test_who_has_said_all_still_hears_the_answer() -> None:
    def count(connection: socket.socket) -> None:
        connection.sendall(b"%d" % len(read_all(connection)))

    with at_a_distance(count) as connect, connect() as client:
        client.sendall(b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"100000"


def test_the_server_learns_that_the_client_is_gone() -> None:
    gone = threading.Event()

    def wait(connection: socket.socket) -> None:
        read_all(connection)
        gone.set()

    with at_a_distance(wait) as connect:
        connect().close()
        assert gone.wait(PATIENCE_S)


def test_the_server_learns_of_it_in_the_midst_of_an_answer() -> None:
    gone = threading.Event()

    def pour(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(CONTENT)
        except ConnectionError:
            gone.set()

    with at_a_distance(pour) as connect:
        with connect() as client:
            assert client.recv(1)
        assert gone.wait(PATIENCE_S)


def test_a_slow_reader_loses_nothing_and_does_not_hold_up_others() -> None:
    with at_a_distance(lambda connection: connection.sendall(CONTENT * 20)) as connect, connect() as slow:
        with connect() as other:
            assert read_all(other) == CONTENT * 20
        assert read_all(slow) == CONTENT * 20


def test_each_of_many_connections_hears_its_own_answer() -> None:
    with at_a_distance(echo) as connect:
        clients = [connect() for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number)
        assert [client.recv(100) for client in clients] == [b"%d" % number for number in range(100)]
        for client in clients:
            client.close()


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        nobody = Address(*listener.getsockname())
    with delay_proxy(nobody, ROUND_TRIP_S) as address, socket.create_connection(address, PATIENCE_S) as client:
        assert client.recv(1) == b""


def test_leaving_closes_what_is_open() -> None:
    with server(echo) as to:
        with delay_proxy(to, ROUND_TRIP_S) as address:
            client = socket.create_connection(address, PATIENCE_S)
        with client, pytest.raises(ConnectionRefusedError):
            assert client.recv(1) == b""
            socket.create_connection(address, PATIENCE_S)


def test_the_written_kubeconfig_reaches_the_cluster_with_its_certificate_checked(
    demo: ControlPlane, admin: Typist, tmp_path: Path
) -> None:
    kubeconfig, copy = demo.kubeconfigs["admin"], tmp_path / "far"
    with delay_proxy(server_of(kubeconfig), ROUND_TRIP_S) as address:
        write_detour(kubeconfig, address, copy)
        far = Typist(tmp_path, copy)
        for command in ("kubectl get namespaces -o name", "kubectl inventory get namespaces -o name -q"):
            screen = far.type(*command.split())
            assert (screen.code, screen.lines) == (0, admin.kubectl("get", "namespaces", "-o", "name").lines)
    assert demo.server not in copy.read_text()
    assert "insecure" not in copy.read_text()
