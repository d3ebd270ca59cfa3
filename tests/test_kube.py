"""The door, against a real server that misbehaves."""

from __future__ import annotations

import base64
import contextlib
import datetime
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import trustme

from kubectl_inventory.boundary.policy import Limits
from kubectl_inventory.clock import now_epoch, ticks_s
from kubectl_inventory.connection.kube import Cluster, RequestRecord, open_cluster
from kubectl_inventory.connection.kubeconfig import Connection
from kubectl_inventory.errors import (
    OUT_OF_TIME,
    BadRequest,
    BoundaryError,
    Forbidden,
    Gone,
    InventoryError,
    KubeconfigError,
    LimitReached,
    NotAcceptable,
    NotFound,
    ServerFault,
    Throttled,
    TimedOut,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from kubectl_inventory.resource import Answer, ApiPath, Kind, Question, checked_path, collection_path
from tests.delay_proxy import Address, delay_proxy
from tests.live_api import Exchange, LiveApi, tunnel
from tests.proxies import Proxy, Scheme

PODS = collection_path(Kind("", "v1", "pods", "Pod"))
OPENED: list[Cluster] = []
SOON_S = 3.0
"""Far above any deadline in here, far below what a server would need."""


def a_cluster(server: LiveApi | str, **changes: Any) -> Cluster:
    """A door to a server. Fields of `Connection` and of `Limits`, `run_s` and `on_request` can be changed."""
    url = server if isinstance(server, str) else server.url
    run_s, on_request = changes.pop("run_s", 60.0), changes.pop("on_request", lambda record: None)
    limits = {name: changes.pop(name) for name in Limits.__struct_fields__ if name in changes}
    cluster = open_cluster(
        Connection(**{"context": "dev", "server": url, "user": "ann", **changes}),
        Limits(**{"request_timeout_s": SOON_S, **limits}),
        end_s=ticks_s() + run_s,
        on_request=on_request,
    )
    OPENED.append(cluster)
    return cluster


def ask(cluster: Cluster, path: ApiPath = PODS, **fields: Any) -> Answer:
    return cluster.read(Question(path=path, **fields))


def failure_of(answer: Callable[[Exchange], None], **changes: Any) -> InventoryError:
    """What `read` raises for a server that answers so; it must not take long."""
    begun_s = ticks_s()
    with LiveApi(answer) as server, pytest.raises(InventoryError) as caught:
        ask(a_cluster(server, **changes))
    assert ticks_s() - begun_s < SOON_S
    return caught.value


def status(code: int, message: str, **metadata: str) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "code": code, "metadata": metadata}).encode()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """No test leaves a socket behind."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[LiveApi]:
    with LiveApi(tls=serving(authority)) as server:
        yield server


def serving(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",)), **options).configure_cert(context)
    return context


def yesterday() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


# --- what is asked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/shop/pods/web/log",
        "/api/v1/namespaces/shop",
        "/api/v1/pods?watch=1",
        "/../x",
        "/metrics",
        "/api/v1/pods\r\nX: y",
    ],
)
def test_a_path_outside_the_grammar_is_never_sent(path: str) -> None:
    with LiveApi() as server:
        with pytest.raises(BoundaryError):
            ask(a_cluster(server), ApiPath(path))
        assert server.connections == 0


def test_a_request_carries_its_query_and_the_time_that_the_server_has() -> None:
    with LiveApi() as server:
        ask(a_cluster(server, request_timeout_s=2.0), representation="table", limit=1)
    query = server.asked[0].query
    assert query.startswith("includeObject=None&limit=1&timeout=1.") and query.endswith("s")


@pytest.mark.parametrize(
    ("representation", "first"),
    [
        ("discovery", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
        ("table", "application/json;as=Table;v=v1;g=meta.k8s.io"),
        ("metadata", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"),
        ("plain", "application/json"),
    ],
)
def test_every_representation_can_fall_back_to_plain_json(representation: str, first: str) -> None:
    with LiveApi() as server:
        ask(a_cluster(server), representation=representation)
    (accept,) = server.asked[0].header("Accept")
    assert accept.split(",")[0] == first and accept.split(",")[-1] == "application/json"


def test_a_prefix_in_the_servers_url_is_kept() -> None:
    with LiveApi() as server:
        ask(a_cluster(server.url + "/k8s/clusters/c-1"))
    assert server.asked[0].path == "/k8s/clusters/c-1/api/v1/pods"


def test_impersonation_is_sent_as_client_go_sends_it(secure: LiveApi, authority: trustme.CA) -> None:
    cluster = a_cluster(
        secure,
        ca_data=authority.cert_pem.bytes(),
        token="t0k",
        as_user="zoë",
        as_uid="7",
        as_groups=("a", "b"),
        as_user_extra=(("example.com/Ro le", "x"),),
    )
    ask(cluster)
    sent = secure.asked[0]
    assert sent.header("Authorization") == ["Bearer t0k"]
    assert sent.header("Impersonate-User") == ["zoë".encode().decode("latin-1")]
    assert sent.header("Impersonate-Uid") == ["7"]
    assert sent.header("Impersonate-Group") == ["a", "b"]
    assert sent.header("Impersonate-Extra-example.com%2FRo%20le") == ["x"]


@pytest.mark.parametrize("field", ["token", "as_user", "as_uid"])
def test_a_line_break_cannot_smuggle_a_header_in(field: str) -> None:
    with LiveApi() as server, pytest.raises(KubeconfigError) as caught:
        a_cluster(server, **{field: "good\r\nX-Evil: hunter2"})
    assert "hunter2" not in str(caught.value)


def test_what_is_no_utf8_is_sent_as_it_was_typed(secure: LiveApi, authority: trustme.CA) -> None:
    who = {"username": "ann", "password": "p\udce9", "as_user": "j\udce9"}
    ask(a_cluster(secure, ca_data=authority.cert_pem.bytes(), **who), label_selector="a=\udce9")
    (sent,) = secure.asked
    assert sent.header("Authorization") == ["Basic " + base64.b64encode(b"ann:p\xe9").decode()]
    assert sent.header("Impersonate-User") == ["j\u00e9"]  # latin-1: the byte itself
    assert sent.query.startswith("labelSelector=a%3D%E9&")


def test_a_token_file_is_what_is_sent_without_its_line_break(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    with LiveApi() as server:
        ask(a_cluster(server, token_file=str(file)))
    assert server.asked[0].header("Authorization") == ["Bearer from-file"]


def test_the_callback_hears_of_every_request_and_of_no_credential() -> None:
    heard: list[RequestRecord] = []
    with LiveApi() as server:
        ask(a_cluster(server, token="hunter2", on_request=heard.append))
    (record,) = heard
    assert record.path.startswith("/api/v1/pods?timeout=") and record.status == 200 and record.bytes_received == 2
    assert 0 <= record.waited_ms <= record.elapsed_ms
    assert "hunter2" not in repr(record)


# --- answers ----------------------------------------------------------------------------


def test_connections_are_kept_for_the_next_request() -> None:
    with LiveApi() as server:
        cluster = a_cluster(server)
        assert [ask(cluster).body for _ in range(5)] == [b"{}"] * 5
        assert server.connections == 1
    assert cluster.stats.requests == 5 and cluster.stats.bytes_received == 10
    assert cluster.round_trip_s is not None and cluster.round_trip_s < SOON_S


@pytest.mark.parametrize("at_once", [True, False])
def test_connections_are_opened_ahead_and_used(secure: LiveApi, authority: trustme.CA, at_once: bool) -> None:
    cluster = a_cluster(secure, ca_data=authority.cert_pem.bytes())
    cluster.open_ahead(lambda: 5, at_once=at_once)
    everybody = threading.Barrier(5)

    def one() -> bytes:
        everybody.wait(SOON_S)
        return ask(cluster).body

    first = [] if at_once else [ask(cluster).body]  # its handshake tells that more are wanted
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(one) for _ in range(5)]
        assert first + [future.result() for future in asked] == [b"{}"] * (5 + len(first))
    assert secure.connections == 5


def test_who_waits_for_a_connection_that_does_not_come_ends_on_time(authority: trustme.CA) -> None:
    def say_nothing(server: LiveApi, connection: socket.socket) -> None:
        server.is_left.wait()

    with LiveApi(tls=serving(authority), on_accept=say_nothing) as server:
        cluster = a_cluster(server, ca_data=authority.cert_pem.bytes(), request_timeout_s=0.3)
        cluster.open_ahead(lambda: 2, at_once=True)
        begun_s = ticks_s()
        for _ in range(2):
            with pytest.raises(TimedOut):
                ask(cluster)
    assert ticks_s() - begun_s < SOON_S


def test_connections_that_cannot_be_opened_ahead_are_missed_by_nobody() -> None:
    with LiveApi() as server:
        url = server.url
    cluster = a_cluster(url)
    cluster.open_ahead(lambda: 3, at_once=True)
    with pytest.raises(Unreachable):
        ask(cluster)


def test_the_handshake_tells_the_distance_before_the_first_question(secure: LiveApi, authority: trustme.CA) -> None:
    told: list[float | None] = []
    with delay_proxy(Address("127.0.0.1", secure.port), 0.06) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        cluster = a_cluster(url, ca_data=authority.cert_pem.bytes())

        def connections() -> int:
            told.append(cluster.round_trip_s)
            return 1

        cluster.open_ahead(connections, at_once=False)
        ask(cluster)
        ask(cluster)
    assert told[0] is not None and told[0] >= 0.06
    # What is behind a tunnel's near end is not here: gzip is worth its while.
    assert [sent.header("Accept-Encoding") for sent in secure.asked] == [["gzip"]] * 2


def test_not_modified_is_an_answer_only_to_who_asked_for_it() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.reply("304 Not Modified", b"")

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        assert ask(cluster, if_none_match='"e"').not_modified
        assert server.asked[0].header("If-None-Match") == ['"e"']
        with pytest.raises(ServerFault):
            ask(cluster)


def test_gzip_is_unpacked_and_counted_as_received() -> None:
    content = b'{"items":[' + b"1," * 9000 + b"1]}"

    def answer(exchange: Exchange) -> None:
        exchange.reply(body=gzip.compress(content), headers=["Content-Encoding: gzip", 'ETag: "x"'])

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        got = ask(cluster)
    assert got.body == content and got.etag == '"x"'
    assert cluster.stats.bytes_received == len(gzip.compress(content))


def test_gzip_is_asked_for_unless_it_is_switched_off_or_the_server_is_here() -> None:
    with LiveApi(tunnel_or_reply) as proxy:
        ask(a_cluster("http://cluster.example", proxy_url=proxy.url))
        ask(a_cluster("http://cluster.example", proxy_url=proxy.url, disable_compression=True))
        ask(a_cluster(proxy))
    assert [sent.header("Accept-Encoding") for sent in proxy.asked] == [["gzip"], ["identity"], ["identity"]]


def test_warnings_are_collected_once_each() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.reply(headers=['Warning: 299 - "v1 Endpoints is \\"old\\""', 'Warning: 199 - "not ours"'])

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        ask(cluster)
        ask(cluster)
    assert cluster.warnings == ('v1 Endpoints is "old"',)


@pytest.mark.parametrize("ahead_s", [3600, -3600, 0])
def test_how_far_the_servers_clock_is_ahead_is_known_from_its_replies(ahead_s: int) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.reply(headers=[f"Date: {formatdate(now_epoch() + ahead_s, usegmt=True)}"])

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        assert cluster.ahead_s == 0
        ask(cluster)
    assert abs(cluster.ahead_s - ahead_s) < SOON_S


# --- statuses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("400 Bad Request", BadRequest),
        ("403 Forbidden", Forbidden),
        ("404 Not Found", NotFound),
        ("406 Not Acceptable", NotAcceptable),
        ("410 Gone", Gone),
        ("429 Too Many Requests", Throttled),
        ("500 Internal Server Error", ServerFault),
        ("503 Service Unavailable", Unavailable),
        ("504 Gateway Timeout", TimedOut),
    ],
)
def test_each_status_is_its_own_error_with_the_servers_words(code: str, kind: type[InventoryError]) -> None:
    failure = failure_of(lambda exchange: exchange.reply(code, status(int(code[:3]), "because of me")))
    assert type(failure) is kind and failure.message == "because of me"


@pytest.mark.parametrize("code", ["201 Created", "204 No Content", "206 Partial Content", "103 Early Hints"])
def test_no_other_success_is_taken_for_an_answer(code: str) -> None:
    assert isinstance(failure_of(lambda exchange: exchange.reply(code, b"")), ServerFault)


def test_a_plain_text_body_is_told_and_any_other_is_not() -> None:
    plain = failure_of(
        lambda exchange: exchange.reply("503 Down", b"service unavailable\nmore", ["Content-Type: text/plain"])
    )
    page = failure_of(
        lambda exchange: exchange.reply("502 Bad Gateway", b"<p>hunter2</p>", ["Content-Type: text/html"])
    )
    assert plain.message == "service unavailable" and page.message == "502 Bad Gateway"


def test_a_long_message_is_cut() -> None:
    failure = failure_of(lambda exchange: exchange.reply("403 Forbidden", status(403, "x" * 9999)))
    assert len(failure.message) == 256 and failure.message.endswith("...")


def test_a_huge_error_body_is_not_read() -> None:
    failure = failure_of(lambda exchange: exchange.reply("500 Oops", b"x" * (1 << 20)))
    assert isinstance(failure, ServerFault) and failure.message == "500 Oops"


def test_gone_hands_on_the_token_that_resumes() -> None:
    failure = failure_of(lambda exchange: exchange.reply("410 Gone", status(410, "old", **{"continue": "tok"})))
    assert isinstance(failure, Gone) and failure.continue_token == "tok"


def test_a_redirect_is_refused_and_not_followed() -> None:
    with LiveApi() as elsewhere:
        failure = failure_of(lambda exchange: exchange.reply("302 Found", b"", [f"Location: {elsewhere.url}/"]))
        assert isinstance(failure, ServerFault) and "redirect refused" in failure.message
        assert elsewhere.connections == 0


def test_a_refused_token_names_its_user_and_not_itself() -> None:
    with LiveApi(lambda exchange: exchange.reply("401 Unauthorized", status(401, "Unauthorized"))) as server:
        cluster = a_cluster(server, token="hunter2", user="acme-ci")
        with pytest.raises(Unauthorized) as caught:
            ask(cluster)
    assert caught.value.message == f'{server.url} refused the token of user "acme-ci" (401 Unauthorized)'
    assert caught.value.hint == 'log in again; "kubectl auth whoami" tells when it works'


# --- retries ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable", "504 Gateway Timeout"]
)
def test_retry_after_is_waited_for_and_asked_again(code: str) -> None:
    def answer(exchange: Exchange) -> None:
        if len(server.asked) < 3:
            exchange.reply(code, b"later", ["Retry-After: 0", "Content-Type: text/plain"])
        else:
            exchange.reply()

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        assert ask(cluster).body == b"{}"
    assert cluster.stats.requests == 3


def test_a_retry_that_would_end_too_late_is_not_waited_for() -> None:
    failure = failure_of(lambda exchange: exchange.reply("429 Slow", b"{}", ["Retry-After: 32"]), request_timeout_s=2.0)
    assert isinstance(failure, Throttled)


def test_unavailable_without_retry_after_is_asked_once() -> None:
    with LiveApi(lambda exchange: exchange.reply("503 Down", b"")) as server, pytest.raises(Unavailable):
        ask(a_cluster(server))
    assert len(server.asked) == 1


def test_a_connection_closed_between_requests_is_replaced() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.reply()
        exchange.close()

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        assert [ask(cluster).body for _ in range(3)] == [b"{}"] * 3
    assert len(server.asked) == 3


def test_a_kept_connection_that_drops_the_request_is_asked_again_once() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.reply() if exchange.nth_on_connection == 0 else exchange.close()

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        assert [ask(cluster).body for _ in range(2)] == [b"{}"] * 2
    assert len(server.asked) == 3


def test_a_new_connection_that_drops_the_request_is_not_asked_again() -> None:
    with LiveApi(Exchange.close) as server, pytest.raises(Unreachable):
        ask(a_cluster(server))
    assert len(server.asked) == 1


def test_a_drop_at_the_end_of_the_time_is_a_time_out_and_not_asked_again() -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.nth_on_connection == 0:
            exchange.reply()
        else:  # as an API server whose etcd hangs: it cuts the connection when ?timeout= is over
            server.is_left.wait(0.97)
            exchange.close()

    with LiveApi(answer) as server:
        cluster = a_cluster(server, request_timeout_s=1.0)
        ask(cluster)
        with pytest.raises(TimedOut):
            ask(cluster)
    assert len(server.asked) == 2


def test_what_nobody_asked_for_is_never_taken_for_the_next_answer() -> None:
    has_spoken = threading.Event()

    def answer(exchange: Exchange) -> None:
        exchange.reply(body=b"1")
        if len(server.asked) == 1:
            exchange.reply(body=b"2")
            has_spoken.set()

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        assert ask(cluster).body == b"1" and has_spoken.wait(SOON_S)
        assert [ask(cluster).body for _ in range(2)] == [b"1"] * 2


# --- time -------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def drip_chunks(exchange: Exchange) -> None:
    exchange.send(CHUNKS)
    exchange.drip(b"1\r\nx\r\n" * 5000)


def drip_body(exchange: Exchange) -> None:
    exchange.send(HEAD)
    exchange.drip(b"x" * 5000)


@pytest.mark.parametrize(("sent", "was_flowing"), [(200_000, True), (5, False), (0, False)])
def test_a_time_out_tells_whether_much_had_come(sent: int, was_flowing: bool) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * sent)
        exchange.hang()

    failure = failure_of(answer, request_timeout_s=0.5)
    assert isinstance(failure, TimedOut) and failure.was_flowing is was_flowing


@pytest.mark.parametrize(
    "answer",
    [
        Exchange.hang,
        lambda exchange: exchange.drip(HEAD * 99),
        lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: y\r\n" * 9999),
        drip_body,
        drip_chunks,
    ],
    ids=["hang", "drip status", "drip headers", "drip body", "drip chunks"],
)
def test_the_whole_request_ends_on_time_however_the_reply_comes(answer: Callable[[Exchange], None]) -> None:
    failure = failure_of(answer, request_timeout_s=0.3)
    assert isinstance(failure, TimedOut) and failure.message == "no answer in 0.3s"


def test_the_handshake_is_within_the_time(authority: trustme.CA) -> None:
    def say_nothing(server: LiveApi, connection: socket.socket) -> None:
        server.is_left.wait()

    begun_s = ticks_s()
    with LiveApi(tls=serving(authority), on_accept=say_nothing) as server, pytest.raises(TimedOut) as caught:
        ask(a_cluster(server, ca_data=authority.cert_pem.bytes(), request_timeout_s=0.3))
    assert ticks_s() - begun_s < SOON_S
    assert caught.value.message == f"cannot reach {server.url} (context dev): no answer in 0.3s"


@contextlib.contextmanager
def a_full_backlog() -> Iterator[int]:
    """A port that listens, where no further connection gets an answer (Linux drops what it cannot queue)."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = held.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_connection_that_is_never_accepted_is_within_the_time() -> None:
    with a_full_backlog() as port, pytest.raises(TimedOut):
        ask(a_cluster(f"http://127.0.0.1:{port}", request_timeout_s=0.3))


@pytest.mark.parametrize(("run_s", "is_fatal"), [(60, True), (0.3, False)])
def test_a_server_that_is_not_reached_is_fatal_unless_the_run_was_over_first(run_s: float, is_fatal: bool) -> None:
    with a_full_backlog() as port, pytest.raises(TimedOut) as caught:
        ask(a_cluster(f"http://127.0.0.1:{port}", request_timeout_s=0.5, run_s=run_s))
    assert caught.value.is_fatal is is_fatal
    assert (OUT_OF_TIME in caught.value.message) is not is_fatal


def test_an_address_that_leads_nowhere_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (nowhere, server.port)]

    with a_full_backlog() as nowhere, LiveApi(lambda it: it.reply(headers=["Connection: close"])) as server:
        monkeypatch.setattr(socket, "getaddrinfo", found)
        cluster = a_cluster("http://two.example", request_timeout_s=2 * SOON_S + 0.5)
        took_s: list[float] = []
        for _ in range(3):
            begun_s = ticks_s()
            ask(cluster)
            took_s.append(ticks_s() - begun_s)
    assert took_s[0] > SOON_S > max(took_s[1:])


def test_the_proxy_is_within_the_time(authority: trustme.CA) -> None:
    with LiveApi(Exchange.hang) as proxy, pytest.raises(TimedOut):
        ask(
            a_cluster(
                "https://cluster.example:6443",
                proxy_url=proxy.url,
                ca_data=authority.cert_pem.bytes(),
                request_timeout_s=0.3,
            )
        )


def test_retries_do_not_lengthen_the_time() -> None:
    failure = failure_of(lambda exchange: exchange.reply("429 Slow", b"", ["Retry-After: 0"]), request_timeout_s=0.5)
    assert isinstance(failure, Throttled)


def test_nothing_is_asked_after_the_end_of_the_run() -> None:
    with LiveApi() as server:
        with pytest.raises(TimedOut):
            ask(a_cluster(server, run_s=-1))
        assert server.asked == []


def test_the_end_of_the_run_ends_a_request_and_is_told_from_its_own() -> None:
    failure = failure_of(Exchange.hang, request_timeout_s=60, run_s=0.3)
    assert isinstance(failure, TimedOut) and failure.message == OUT_OF_TIME


@pytest.mark.parametrize(
    "answer",
    [Exchange.hang, drip_body, lambda exchange: exchange.reply("429 Slow", b"", ["Retry-After: 9"])],
    ids=["hang", "drip", "waiting for Retry-After"],
)
def test_interrupt_ends_every_request_at_once(answer: Callable[[Exchange], None]) -> None:
    begun = threading.Barrier(9)
    failures: list[Exception] = []

    def on_accept(server: LiveApi, connection: socket.socket) -> None:
        begun.wait(SOON_S)

    def read() -> None:
        try:
            ask(cluster)
        except InventoryError as error:
            failures.append(error)

    with LiveApi(answer, on_accept=on_accept) as server:
        cluster = a_cluster(server, request_timeout_s=60)
        threads = [threading.Thread(target=read, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        begun.wait(SOON_S)
        begun_s = ticks_s()
        cluster.close()
        for thread in threads:
            thread.join(SOON_S)
        assert ticks_s() - begun_s < SOON_S and len(failures) == 8
        with pytest.raises(Unreachable):
            ask(cluster)


def test_what_is_in_flight_when_the_door_is_shut_is_noted_once() -> None:
    heard: list[RequestRecord] = []
    asked = threading.Barrier(9)

    def answer(exchange: Exchange) -> None:
        asked.wait(SOON_S)
        exchange.hang()

    def read() -> None:
        with contextlib.suppress(InventoryError):
            ask(cluster)

    with LiveApi(answer) as server:
        cluster = a_cluster(server, request_timeout_s=60, on_request=heard.append)
        threads = [threading.Thread(target=read, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        asked.wait(SOON_S)
        cluster.close()
        assert [(record.status, record.failure) for record in heard] == [(0, "Interrupted")] * 8
        for thread in threads:
            thread.join(SOON_S)
        read()
        cluster.close()
    assert sorted(record.path for record in heard) == sorted(server.targets)


def test_nobody_who_keeps_the_last_words_waiting_holds_the_run() -> None:
    asked = threading.Event()

    def answer(exchange: Exchange) -> None:
        asked.set()
        exchange.hang()

    def read() -> None:
        with contextlib.suppress(InventoryError):
            ask(cluster)

    with LiveApi(answer) as server:
        cluster = a_cluster(server, request_timeout_s=60, on_request=lambda record: server.is_left.wait())
        threading.Thread(target=read, daemon=True).start()
        assert asked.wait(SOON_S)
        begun_s = ticks_s()
        cluster.close()
        assert ticks_s() - begun_s < SOON_S


def test_a_door_that_is_shut_ends_a_connection_that_is_being_made() -> None:
    failures: list[Exception] = []

    def read() -> None:
        try:
            ask(cluster)
        except InventoryError as error:
            failures.append(error)

    with a_full_backlog() as port:
        cluster = a_cluster(f"http://127.0.0.1:{port}", request_timeout_s=60)
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        thread.join(0.2)  # time enough to begin; were it too short, the promise would hold all the same
        begun_s = ticks_s()
        cluster.close()
        thread.join(SOON_S)
    assert ticks_s() - begun_s < SOON_S and isinstance(failures[0], Unreachable)


# --- limits -----------------------------------------------------------------------------


def gzip_bomb(exchange: Exchange) -> None:
    body = gzip.compress(bytes(64 << 20))
    exchange.reply(body=body, headers=["Content-Encoding: gzip"])


def endless(exchange: Exchange) -> None:
    exchange.send(CHUNKS)
    while not exchange._server.is_left.is_set():
        exchange.send(b"10000\r\n" + bytes(65536) + b"\r\n")


@pytest.mark.parametrize("answer", [gzip_bomb, endless, lambda exchange: exchange.reply(body=bytes(3 << 20))], ids=str)
def test_a_reply_over_the_limit_is_stopped_by_name(answer: Callable[[Exchange], None]) -> None:
    failure = failure_of(answer, max_response_bytes=2 << 20)
    assert isinstance(failure, LimitReached) and failure.was_flowing and "limits.maxResponseMiB" in failure.message


def test_a_reply_of_just_the_limit_is_read() -> None:
    with LiveApi(lambda exchange: exchange.reply(body=bytes(1 << 20))) as server:
        assert len(ask(a_cluster(server, max_response_bytes=1 << 20)).body) == 1 << 20


def test_no_more_requests_are_sent_than_allowed() -> None:
    with LiveApi() as server:
        cluster = a_cluster(server, max_requests=2)
        ask(cluster)
        ask(cluster)
        with pytest.raises(LimitReached, match=r"limits\.maxRequests") as raised:
            ask(cluster)
    assert not raised.value.was_flowing
    assert len(server.asked) == 2


# --- nonsense ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x00\xff" * 40 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n",
        CHUNKS + b"zz\r\nnonsense\r\n",
        CHUNKS + b"5\r\nhel",
        CHUNKS + b"5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + gzip.compress(b"x" * 99)[:15],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=lambda content: repr(content[:40]),
)
def test_nonsense_is_a_fault_of_the_server(content: bytes) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send(content)
        exchange.close()

    assert type(failure_of(answer)) is ServerFault


def test_a_connection_after_nonsense_is_not_used_again() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send(CHUNKS + b"zz\r\n") if len(server.asked) == 1 else exchange.reply()

    with LiveApi(answer) as server:
        cluster = a_cluster(server)
        with pytest.raises(ServerFault):
            ask(cluster)
        assert ask(cluster).body == b"{}"
        assert server.connections == 2


# --- connections ------------------------------------------------------------------------


def test_a_refused_connection_says_where_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        ask(a_cluster(f"https://127.0.0.1:{port}"))
    assert caught.value.message == f"cannot reach https://127.0.0.1:{port} (context dev): connection refused"
    assert caught.value.hint == 'is the VPN up? "kubectl version" asks the same server'


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(Unreachable, match=r"no such host: nowhere\.invalid"):
        ask(a_cluster("https://nowhere.invalid:6443"))


def test_the_clusters_authority_is_trusted_and_no_other(secure: LiveApi, authority: trustme.CA) -> None:
    assert ask(a_cluster(secure, ca_data=authority.cert_pem.bytes())).body == b"{}"
    for other in ({"ca_data": trustme.CA().cert_pem.bytes()}, {}):
        with pytest.raises(Unreachable, match="not signed by the"):
            ask(a_cluster(secure, **other))
    assert len(secure.asked) == 1


def test_an_authoritys_comment_may_be_in_any_letters(secure: LiveApi, authority: trustme.CA) -> None:
    commented = "# Zertifizierungsstelle für Bücher\n".encode() + authority.cert_pem.bytes() + b"# \xfc\n"
    assert ask(a_cluster(secure, ca_data=commented)).body == b"{}"


def test_an_insecure_connection_is_made_only_when_it_is_asked_for(secure: LiveApi) -> None:
    assert ask(a_cluster(secure, insecure_skip_tls_verify=True)).body == b"{}"


def test_the_servers_own_certificate_may_be_the_authority(authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = authority.issue_cert("127.0.0.1")
    leaf.configure_cert(context)
    with LiveApi(tls=context) as server:  # Go accepts this, OpenSSL only when told
        assert ask(a_cluster(server, ca_data=leaf.cert_chain_pems[0].bytes())).body == b"{}"


def test_the_tls_server_name_is_looked_for_instead_of_the_host(authority: trustme.CA) -> None:
    asked_for: list[str | None] = []
    context = serving(authority, "kubernetes.default")
    context.sni_callback = lambda sock, name, context: asked_for.append(name)
    with LiveApi(tls=context) as server:
        trusted = {"ca_data": authority.cert_pem.bytes()}
        assert ask(a_cluster(server, tls_server_name="kubernetes.default", **trusted)).body == b"{}"
        with pytest.raises(Unreachable, match=r"not for 127\.0\.0\.1"):
            ask(a_cluster(server, **trusted))
    assert asked_for[0] == "kubernetes.default"


@pytest.mark.parametrize("name", [".example", "a..b", "a" * 64, "b\u00fc..b", "b\udcff"])
def test_a_name_that_no_server_can_have_is_in_no_certificate(
    secure: LiveApi, authority: trustme.CA, name: str
) -> None:
    with pytest.raises(Unreachable) as caught:
        ask(a_cluster(secure, ca_data=authority.cert_pem.bytes(), tls_server_name=name))
    assert caught.value.message.endswith(f": its certificate is not for {name}")
    assert caught.value.hint == "--tls-server-name NAME, if that is the name it has; nothing was sent"
    assert secure.asked == []


def test_an_expired_server_certificate_is_told_with_both_dates(authority: trustme.CA) -> None:
    ended = yesterday()
    with LiveApi(tls=serving(authority, not_after=ended)) as server, pytest.raises(Unreachable) as caught:
        ask(a_cluster(server, ca_data=authority.cert_pem.bytes()))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert caught.value.message == (
        f"certificate of {server.url} expired {ended.date().isoformat()} (this machine's clock: {today})"
    )
    assert caught.value.hint == "the cluster's administrator renews it; nothing was sent"


def test_a_server_without_tls_is_said_to_be_one() -> None:
    def say_http(server: LiveApi, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with LiveApi(on_accept=say_http) as server, pytest.raises(Unreachable, match="does not speak TLS"):
        ask(a_cluster(server.url.replace("http:", "https:")))


def client_pair(authority: trustme.CA, **options: Any) -> dict[str, Any]:
    leaf = authority.issue_cert("ann", **options)
    return {
        "client_certificate_data": leaf.cert_chain_pems[0].bytes(),
        "client_key_data": leaf.private_key_pem.bytes(),
        "ca_data": authority.cert_pem.bytes(),
    }


def demanding(authority: trustme.CA) -> ssl.SSLContext:
    context = serving(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


def test_a_client_certificate_is_shown_from_data_and_from_files(authority: trustme.CA, tmp_path: Path) -> None:
    pair = client_pair(authority)
    (tmp_path / "cert").write_bytes(pair["client_certificate_data"])
    (tmp_path / "key").write_bytes(pair["client_key_data"])
    files = {"client_certificate_file": str(tmp_path / "cert"), "client_key_file": str(tmp_path / "key")}
    with LiveApi(tls=demanding(authority)) as server:
        assert ask(a_cluster(server, **pair)).body == b"{}"
        assert ask(a_cluster(server, ca_data=pair["ca_data"], **files)).body == b"{}"


def test_an_expired_client_certificate_is_named_when_the_handshake_fails(authority: trustme.CA) -> None:
    ended = yesterday()
    with LiveApi(tls=demanding(authority)) as server, pytest.raises(KubeconfigError) as caught:
        ask(a_cluster(server, **client_pair(authority, not_after=ended), user_source="~/.kube/config"))
    assert caught.value.message == (
        f'client certificate of user "ann" expired {ended.date().isoformat()} (~/.kube/config)'
    )
    assert caught.value.hint == "log in again or renew it; --user NAME or --token uses other credentials"


def test_an_expired_client_certificate_is_named_when_the_server_says_401(authority: trustme.CA) -> None:
    with LiveApi(lambda exchange: exchange.reply("401 No", b""), tls=serving(authority)) as server:
        cluster = a_cluster(server, **client_pair(authority, not_after=yesterday()))
        with pytest.raises(KubeconfigError, match='client certificate of user "ann" expired'):
            ask(cluster)


def test_a_client_certificate_of_another_cluster_is_unreachable_not_expired(authority: trustme.CA) -> None:
    foreign = {**client_pair(trustme.CA()), "ca_data": authority.cert_pem.bytes()}
    with LiveApi(tls=demanding(authority)) as server, pytest.raises(Unreachable):
        ask(a_cluster(server, **foreign))


@pytest.mark.parametrize(
    "broken",
    [
        {"ca_data": b"nonsense"},
        {"ca_data": b"\xff\xfe"},
        {"ca_data": b"", "ca_file": "/nowhere"},
        {"client_key_data": b"nonsense"},
    ],
)
def test_unusable_certificates_are_told_before_anything_is_sent(authority: trustme.CA, broken: dict[str, Any]) -> None:
    with pytest.raises(KubeconfigError, match="cannot"):
        a_cluster("https://127.0.0.1:1", **{**client_pair(authority), **broken})


def test_an_encrypted_key_is_refused_and_never_asks_for_its_password(authority: trustme.CA) -> None:
    from cryptography.hazmat.primitives import serialization

    pair = client_pair(authority)
    key = serialization.load_pem_private_key(pair["client_key_data"], None)
    pair["client_key_data"] = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"hunter2"),
    )
    with pytest.raises(KubeconfigError, match="encrypted"):
        a_cluster("https://127.0.0.1:1", **pair)


# --- proxies ----------------------------------------------------------------------------


def tunnel_or_reply(exchange: Exchange) -> None:
    tunnel(exchange) if exchange.method == "CONNECT" else exchange.reply()


def test_a_tls_server_is_reached_through_a_tunnel(secure: LiveApi, authority: trustme.CA) -> None:
    with LiveApi(tunnel_or_reply) as proxy:
        cluster = a_cluster(
            secure,
            token="hunter2",
            ca_data=authority.cert_pem.bytes(),
            proxy_url=proxy.url.replace("//", "//bob:s%40cret@"),
        )
        assert ask(cluster).body == b"{}"
    (connect,) = proxy.asked
    assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{secure.port}")
    assert connect.header("Proxy-Authorization") == ["Basic Ym9iOnNAY3JldA=="]
    assert connect.header("Authorization") == []
    assert secure.asked[0].header("Proxy-Authorization") == []


def test_a_plain_server_is_asked_by_its_whole_url_through_a_proxy() -> None:
    with LiveApi(tunnel_or_reply) as proxy:
        ask(a_cluster("http://cluster.example", proxy_url=proxy.url), checked_path("/version"))
    assert proxy.targets[0].startswith("http://cluster.example:80/version?timeout=")


def test_a_proxy_that_refuses_is_named(secure: LiveApi) -> None:
    with LiveApi(lambda exchange: exchange.reply("407 Who are you", b"")) as proxy:
        cluster = a_cluster(secure, proxy_url=proxy.url)
        with pytest.raises(Unreachable) as caught:
            ask(cluster)
    assert "the proxy answered 407 Who are you" in caught.value.message
    assert f"127.0.0.1:{proxy.port}" in (caught.value.hint or "")


@pytest.mark.parametrize("scheme", ["https", "socks5"])
def test_a_name_that_only_the_proxy_knows_is_reached(authority: trustme.CA, scheme: Scheme) -> None:
    tls = serving(authority) if scheme == "https" else None
    with (
        LiveApi(tls=serving(authority, "shop.invalid")) as server,
        Proxy(scheme, ("127.0.0.1", server.port), tls=tls) as proxy,
    ):
        url = proxy.url.replace("//", "//ann:s%40cret@")
        cluster = a_cluster("https://shop.invalid:6443", ca_data=authority.cert_pem.bytes(), proxy_url=url)
        assert [ask(cluster).body, ask(cluster).body] == [b"{}", b"{}"]
        assert [sent.nth_on_connection for sent in server.asked] == [0, 1]
    assert proxy.asked == ["ann:s@cret@shop.invalid:6443"]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_is_told_a_name_in_other_letters_as_go_tells_it(authority: trustme.CA, scheme: Scheme) -> None:
    with (
        LiveApi(tls=serving(authority, "xn--bcher-kva.invalid")) as server,
        Proxy(scheme, ("127.0.0.1", server.port)) as proxy,
    ):
        cluster = a_cluster("https://b\u00fccher.invalid", ca_data=authority.cert_pem.bytes(), proxy_url=proxy.url)
        assert ask(cluster).body == b"{}"
    assert proxy.asked == ["xn--bcher-kva.invalid:443"]


def test_a_plain_server_of_such_a_name_is_asked_by_it_through_a_proxy() -> None:
    with LiveApi(tunnel_or_reply) as proxy:
        ask(a_cluster("http://b\u00fccher.invalid", proxy_url=proxy.url), checked_path("/version"))
    assert proxy.targets[0].startswith("http://xn--bcher-kva.invalid:80/version?timeout=")


@pytest.mark.parametrize("server", ["https://b\u00fc..b", "http://b\udcff"])
def test_a_server_of_no_name_is_refused_before_anything_is_sent(server: str) -> None:
    with pytest.raises(KubeconfigError, match="has a name that no server can have"):
        a_cluster(server)


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_plain_server_is_reached_through_any_proxy(authority: trustme.CA, scheme: Scheme) -> None:
    tls = serving(authority) if scheme == "https" else None
    with (
        LiveApi(tls=tls) as forwarding,
        Proxy("socks5", ("127.0.0.1", forwarding.port)) as socks,
    ):
        url = socks.url if scheme == "socks5" else forwarding.url
        cluster = a_cluster("http://shop.invalid", ca_data=authority.cert_pem.bytes(), proxy_url=url)
        assert ask(cluster, checked_path("/version")).body == b"{}"
        (target,) = forwarding.targets
    whole = "" if scheme == "socks5" else "http://shop.invalid:80"
    assert target.startswith(f"{whole}/version?timeout=")


def test_a_proxy_that_is_not_trusted_hears_nothing(authority: trustme.CA) -> None:
    with LiveApi(tls=serving(trustme.CA())) as proxy:
        cluster = a_cluster("https://shop.invalid", ca_data=authority.cert_pem.bytes(), proxy_url=proxy.url)
        with pytest.raises(Unreachable) as caught:
            ask(cluster)
        assert proxy.asked == []
    assert "TLS to the proxy: certificate verify failed" in caught.value.message
    assert f"127.0.0.1:{proxy.port}" in (caught.value.hint or "")


def test_a_server_behind_a_proxy_of_tls_must_be_trusted_itself(authority: trustme.CA) -> None:
    with (
        LiveApi(tls=serving(trustme.CA(), "shop.invalid")) as server,
        Proxy("https", ("127.0.0.1", server.port), tls=serving(authority)) as proxy,
    ):
        cluster = a_cluster("https://shop.invalid", ca_data=authority.cert_pem.bytes(), proxy_url=proxy.url)
        with pytest.raises(Unreachable) as caught:
            ask(cluster)
        assert server.asked == []
    assert "its certificate is not signed by the kubeconfig's certificate authority" in caught.value.message


def test_a_proxy_of_tls_is_told_a_password_only_where_it_is_trusted(authority: trustme.CA) -> None:
    with (
        LiveApi(tls=serving(authority, "shop.invalid", not_after=yesterday())) as server,
        Proxy("https", ("127.0.0.1", server.port), tls=serving(authority)) as proxy,
    ):
        url = proxy.url.replace("//", "//ann:s%40cret@")
        cluster = a_cluster("https://shop.invalid", ca_data=authority.cert_pem.bytes(), proxy_url=url)
        with pytest.raises(Unreachable, match=r"certificate of https://shop\.invalid expired \(this"):
            ask(cluster)
    # Once, by the connection that knows whom it trusts; the date is not worth a second one that does not.
    assert proxy.asked == ["ann:s@cret@shop.invalid:443"]


@pytest.mark.parametrize("answer", [Exchange.hang, drip_body], ids=["hang", "drip"])
def test_tls_within_tls_is_within_the_time(authority: trustme.CA, answer: Callable[[Exchange], None]) -> None:
    with (
        LiveApi(answer, tls=serving(authority, "shop.invalid")) as server,
        Proxy("https", ("127.0.0.1", server.port), tls=serving(authority)) as proxy,
    ):
        trusted = authority.cert_pem.bytes()
        cluster = a_cluster("https://shop.invalid", ca_data=trusted, proxy_url=proxy.url, request_timeout_s=0.5)
        begun_s = ticks_s()
        with pytest.raises(TimedOut):
            ask(cluster)
    assert ticks_s() - begun_s < SOON_S


@pytest.mark.parametrize("scheme", ["socks5", "https"])
def test_a_proxy_that_says_nothing_is_within_the_time(authority: trustme.CA, scheme: Scheme) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        trusted = authority.cert_pem.bytes()
        cluster = a_cluster("https://shop.invalid", ca_data=trusted, proxy_url=url, request_timeout_s=0.3)
        with pytest.raises(TimedOut):
            ask(cluster)


def test_printing_a_cluster_shows_no_credential(authority: trustme.CA) -> None:
    cluster = a_cluster("https://127.0.0.1:1", token="hunter2", password="hunter2", **client_pair(authority))
    assert "hunter2" not in repr(cluster) and "PRIVATE" not in repr(cluster)
