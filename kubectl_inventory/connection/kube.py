"""The one door to the cluster: a question goes out as one GET, an answer or an `ApiError` comes back.

Everything that may be asked is a path of `resource`'s grammar, checked here once
more. Keeps its own clock for each whole request, retries what the server asks to
retry, and lets no error of a library pass: `failures` says what each is. What an
answer means, and what to do about a failure, is for others.
"""

from __future__ import annotations

import http.client
import threading
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from kubectl_inventory.boundary.policy import Limits
from kubectl_inventory.clock import ahead_s, now_epoch, ticks_s
from kubectl_inventory.connection.failures import Disconnected, Failures
from kubectl_inventory.connection.identity import Identity, load_trust
from kubectl_inventory.connection.kubeconfig import Connection
from kubectl_inventory.connection.reply import Body, Reply, warnings_of
from kubectl_inventory.connection.transport import Guard, Pool, Watchdog, Wire, endpoint_of
from kubectl_inventory.errors import (
    OUT_OF_TIME,
    ApiError,
    BadRequest,
    Forbidden,
    Gone,
    InventoryError,
    LimitReached,
    NotAcceptable,
    NotFound,
    ServerFault,
    Throttled,
    TimedOut,
    Unavailable,
)
from kubectl_inventory.resource import Answer, ApiPath, Question, Read, Representation, checked_path

# Each ends with plain JSON: a server that does not know the others then answers
# with its own list instead of 406.
_ACCEPT: dict[Representation, str] = {
    "discovery": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
    "table": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    "metadata": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
    "plain": "application/json",
}
# The server is told to give up a little before we do, so that its 504 arrives
# and the connection lives on; a connection that it cuts from then on (it does
# when the reply has begun, or etcd hangs) is a time-out, not a fault.
_SERVER_GIVES_UP_AT = 0.95
# It was told that in hundredths of a second, and counts from when the request came in.
_SERVER_CLOCK_S = 0.02
_SHORTEST_RETRY_S = 0.1
# In seconds: what is behind a loopback address and this far away is not on this machine.
_TUNNEL_S = 0.01
_LAST_WORDS_S = 0.5
"""How long it may take to note what was in flight at the end: an audit log may be a pipe that nobody reads."""
# What came of a reply that ran out of its time: less than this is a drip, of which a page would not come either.
_FLOWING_BYTES = 64 << 10


_ERRORS: dict[int, type[ApiError]] = {
    400: BadRequest,
    403: Forbidden,
    404: NotFound,
    406: NotAcceptable,
    429: Throttled,
    503: Unavailable,
}


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was sent, for the audit log and `-v 6`. Holds no header and no credential."""

    path: str
    """With its query."""
    status: int = 0
    """0: no reply."""
    failure: str = ""
    """The name of the error, when there is no whole reply; `Interrupted` for one that the run did not wait for."""
    elapsed_ms: float = 0.0
    waited_ms: float = 0.0
    """Of it, until the reply's first bytes; all of it, when none came."""
    bytes_received: int = 0
    """The body, as it came over the network."""


class Stats(msgspec.Struct, frozen=True):
    """What the run has cost so far."""

    requests: int = 0
    bytes_received: int = 0


class Cluster:
    """An open door. `read` may be called from many threads at once."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        *,
        end_s: float,
        on_request: Callable[[RequestRecord], None],
        user_agent: str,
    ) -> None:
        self.read: Read = self._read
        self._connection = connection
        self._limits = limits
        self._end_s = end_s
        self._on_request = on_request
        self._identity = Identity(connection)
        endpoint = endpoint_of(
            connection.server, tls_server_name=connection.tls_server_name, proxy_url=connection.proxy_url
        )
        client_certificate, tls = load_trust(connection)
        self._failures = Failures(connection, endpoint, client_certificate)
        self._watchdog = Watchdog()
        self._pool = Pool(endpoint, tls)
        self._headers = {"User-Agent": user_agent}
        self._may_compress = not connection.disable_compression
        self._is_loopback = endpoint.is_loopback
        self._prefix = urlsplit(connection.server).path
        if endpoint.forwarding is not None:
            self._prefix = f"http://{endpoint.authority}{self._prefix}"
            if endpoint.forwarding.authorization:
                self._headers["Proxy-Authorization"] = endpoint.forwarding.authorization
        self._lock = threading.Lock()
        self._stats = Stats()
        self._warnings: dict[str, None] = {}
        self._handshake_s: float | None = None
        self._round_trip_s: float | None = None
        self._date = ("", 0.0)
        """What the newest reply says is the time, and when that came."""
        self._connections_ahead: Callable[[], int] | None = None
        self._interrupted = threading.Event()
        self._noting = threading.Lock()
        """Held by who notes how a request ended: nobody may miss one that is just being noted."""
        self._in_flight: list[_Flight] = []
        self._cut_off: list[_Flight] = []
        """What was in flight when the door was shut, and is not noted yet."""

    def __repr__(self) -> str:
        return f"Cluster({self._connection!r})"

    @property
    def stats(self) -> Stats:
        """Requests sent and bytes received up to now."""
        return self._stats

    @property
    def round_trip_s(self) -> float | None:
        """The shortest time from a request to the first bytes of its reply; before the first one, of a TLS handshake.

        Not a TCP connect's: any proxy answers that by itself, and one that ends TLS the handshake, too.
        """
        return self._round_trip_s or self._handshake_s

    @property
    def ahead_s(self) -> float:
        """How far the server's clock is ahead of this machine's, by the newest reply; 0 before the first."""
        date, at_epoch = self._date
        return ahead_s(date, at_epoch)

    @property
    def compresses(self) -> bool:
        """Whether the server is asked for gzip: on the same machine that costs more than it saves.

        A loopback address may be the near end of a tunnel: the round trip tells.
        """
        return self._may_compress and not (self._is_loopback and (self.round_trip_s or 0.0) < _TUNNEL_S)

    def open_ahead(self, connections: Callable[[], int], *, at_once: bool) -> None:
        """Opens as many connections as there should be, in the background, while the first questions are asked.

        At once, or when the first handshake has told the round trip, from which `connections` makes their number.
        """
        if at_once:
            self._pool.open_ahead(connections(), self._guard)
        else:
            self._connections_ahead = connections

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server warned of (status 299), each text once, in the order of their coming."""
        with self._lock:
            return tuple(self._warnings)

    def close(self) -> None:
        """Ends every request in flight now, which is noted, and every later one as it begins; closes what is idle."""
        self._interrupted.set()
        with self._lock:
            self._cut_off += self._in_flight
            self._in_flight.clear()
        self._watchdog.stop()
        self._pool.close()
        if self._cut_off or self._noting.locked():
            self._note_cut_off()

    def _read(self, question: Question) -> Answer:
        path = checked_path(question.path)
        request = _Request(question, path, request_timeout_s=self._limits.request_timeout_s, end_s=self._end_s)
        while True:
            with Guard(self._watchdog, request.end_s) as guard:
                reply = self._exchange(request, guard)
            failure = self._failure_of(reply, request)
            if failure is None:
                return Answer(
                    body=reply.body,
                    content_type=reply.content_type,
                    etag=reply.etag,
                    not_modified=reply.status == 304,
                )
            # Every repetition counts as a request, and all share the time of the first.
            if reply.retry_after_s is None or not self._has_waited(reply.retry_after_s, request):
                raise failure

    def _has_waited(self, retry_after_s: float, request: _Request) -> bool:
        """Waits as the server asked, or up to twice as long: workers that return in step collide again.

        False, at once, when the request would end before that, and when the run is interrupted.
        """
        import random

        wait_s = max(retry_after_s, _SHORTEST_RETRY_S) * random.uniform(1.0, 2.0)
        return ticks_s() + wait_s < request.end_s and not self._interrupted.wait(wait_s)

    def _exchange(self, request: _Request, guard: Guard) -> Reply:
        """One question, one reply of whatever status, on an idle connection or a new one."""
        try:
            idle = self._pool.take_idle(guard)
        except TimeoutError as error:
            raise self._unconnected(error, guard, request) from error
        if idle is not None:
            try:
                return self._ask(idle, request, guard)
            except Disconnected:
                pass  # closed by the server while it was idle: nothing was lost, asked again below
        try:
            wire = self._pool.open_new(guard)
        except OSError as error:
            raise self._unconnected(error, guard, request) from error
        self._note_handshake(wire)
        try:
            return self._ask(wire, request, guard)
        except Disconnected as error:
            raise self._weighed(self._failures.disconnected()) from error

    def _unconnected(self, error: OSError, guard: Guard, request: _Request) -> InventoryError:
        failure = self._failures.not_connected(error, guard, no_answer=request.no_answer)
        # At the run's end whatever is unread is told as such, whichever thread sees it first.
        return failure if isinstance(failure, TimedOut) and request.ends_with_run else self._weighed(failure)

    def _weighed(self, failure: InventoryError) -> InventoryError:
        """Where no reply has ever come, as far as this run knows there is no server: nothing else can succeed."""
        if isinstance(failure, ApiError) and self._round_trip_s is None and not self._interrupted.is_set():
            failure.is_fatal = True
        return failure

    def _ask(self, wire: Wire, request: _Request, guard: Guard) -> Reply:
        """Sends the request, reads the reply, keeps the books. `Disconnected` if not a byte came back."""
        target = self._target(request)
        body = Body(self._limits.max_response_bytes)
        flight = _Flight(target, body)
        response: http.client.HTTPResponse | None = None
        failure: Exception | None = None
        is_reusable = False
        try:
            wire.identity = self._identity.headers()
            wire.guarded_by(guard)
            self._depart(flight)
            wire.request("GET", target, headers=self._headers_for(request.question))
            response = wire.getresponse()
            # From before it was sent: a thread that loses the processor in between must not make the way look short.
            self._note_reply(response, flight.hear(response.status))
            is_reusable = body.read_from(response) and not response.will_close
            return Reply(response, body.content())
        except InventoryError as error:
            failure = error
            raise
        except (OSError, http.client.HTTPException, zlib.error) as error:
            failure = self._failures.broken(
                error,
                guard,
                has_reply=response is not None,
                was_flowing=body.bytes_received >= _FLOWING_BYTES,
                no_answer=request.no_answer if guard.is_expired or request.is_server_time_over else "",
            )
            raise failure from error
        finally:
            guard.release()
            if response is not None and not is_reusable:
                response.close()  # it holds the socket open
            self._pool.give_back(wire, is_reusable=is_reusable)
            self._land(flight, type(failure).__name__ if failure is not None else "")

    def _target(self, request: _Request) -> str:
        query = request.question.query()
        timeout = f"timeout={request.server_timeout_s:.2f}s"  # a Go duration; a bare number is refused
        return f"{self._prefix}{request.path}?{query}{'&' if query else ''}{timeout}"

    def _headers_for(self, question: Question) -> dict[str, str]:
        headers = {**self._headers, "Accept": _accept(question)}
        if self.compresses:
            headers["Accept-Encoding"] = "gzip"
        if question.if_none_match:
            headers["If-None-Match"] = question.if_none_match
        return headers

    def _depart(self, flight: _Flight) -> None:
        """The request is sent now. Raises `LimitReached`, and `OSError` where the door is shut: then it is not."""
        with self._lock:
            if self._interrupted.is_set():
                raise ConnectionAbortedError("interrupted")
            if self._stats.requests >= self._limits.max_requests:
                raise LimitReached(f"the run's {self._limits.max_requests} requests are used up (limits.maxRequests)")
            self._stats = Stats(self._stats.requests + 1, self._stats.bytes_received)
            self._in_flight.append(flight)

    def _land(self, flight: _Flight, failure: str) -> None:
        """Notes how it ended, unless it was never sent, or is noted as cut off."""
        record = flight.record(failure)
        with self._noting:
            with self._lock:
                if flight not in self._in_flight:
                    return
                self._in_flight.remove(flight)
            self._note_end(record)

    def _note_cut_off(self) -> None:
        failures: list[Exception] = []

        def note() -> None:
            try:
                with self._noting:
                    while self._cut_off:
                        self._note_end(self._cut_off.pop(0).record("Interrupted"))
            except Exception as error:  # raised in the caller's thread
                failures.append(error)

        noting = threading.Thread(target=note, name="last-words", daemon=True)
        noting.start()
        noting.join(_LAST_WORDS_S)
        if failures:
            raise failures[0]

    def _note_handshake(self, wire: Wire) -> None:
        if wire.handshake_s is None:
            return
        with self._lock:
            self._handshake_s = min(wire.handshake_s, self._handshake_s or wire.handshake_s)
            connections, self._connections_ahead = self._connections_ahead, None
        if connections is not None:
            self._pool.open_ahead(connections(), self._guard)

    def _guard(self) -> Guard:
        """For what is done ahead of a request: it has as much time as one."""
        return Guard(self._watchdog, min(ticks_s() + self._limits.request_timeout_s, self._end_s))

    def _note_reply(self, response: http.client.HTTPResponse, elapsed_s: float) -> None:
        with self._lock:
            self._round_trip_s = min(elapsed_s, self._round_trip_s or elapsed_s)
            self._date = (response.headers.get("Date", ""), now_epoch())
            for text in warnings_of(response.headers.get_all("Warning") or []):
                self._warnings.setdefault(text)

    def _note_end(self, record: RequestRecord) -> None:
        with self._lock:
            received = self._stats.bytes_received + record.bytes_received
            self._stats = Stats(self._stats.requests, received)
        self._on_request(record)

    def _failure_of(self, reply: Reply, request: _Request) -> InventoryError | None:
        """The table from statuses to errors; None for a reply that answers the question."""
        status, message = reply.status, reply.message
        if status == 200 or (status == 304 and request.question.if_none_match):
            return None
        if status == 401:
            return self._failures.refused("401 Unauthorized")
        if status == 410:
            return Gone(message, continue_token=reply.continue_token)
        if status == 504:
            return TimedOut(request.no_answer if request.is_server_time_over else message)
        if 300 <= status < 400 and status != 304:
            return ServerFault(f"redirect refused ({reply.phrase}): it leads away from the server that was named")
        return _ERRORS.get(status, ServerFault)(message)


def _accept(question: Question) -> str:
    """What the reply may be; a strict question is not answered with anything else."""
    accepted = _ACCEPT[question.representation]
    return accepted.removesuffix(",application/json") if question.strict else accepted


def open_cluster(
    connection: Connection,
    limits: Limits,
    *,
    end_s: float,
    on_request: Callable[[RequestRecord], None] = lambda record: None,
    user_agent: str = "kubectl-inventory",
) -> Cluster:
    """A door to the connection's cluster. Nothing is sent yet.

    `end_s` (of `clock.ticks_s`) ends the run: no request goes on after it. `on_request` is called after
    each request, in the thread that asked. Raises `KubeconfigError` for a certificate or token of no use.
    """
    return Cluster(connection, limits, end_s=end_s, on_request=on_request, user_agent=user_agent)


class _Flight:
    """A request that is being sent, and what has come of it by now."""

    def __init__(self, path: str, body: Body) -> None:
        self._path = path
        self._body = body
        self._sent_s = ticks_s()
        self._heard_s = float("inf")
        self._status = 0

    def hear(self, status: int) -> float:
        """The reply has begun. Seconds since the request was sent."""
        self._status = status
        self._heard_s = ticks_s()
        return self._heard_s - self._sent_s

    def record(self, failure: str) -> RequestRecord:
        """What is noted of it."""
        ended_s = ticks_s()
        return RequestRecord(
            path=self._path,
            status=self._status,
            failure=failure,
            elapsed_ms=round((ended_s - self._sent_s) * 1000, 1),
            waited_ms=round((min(self._heard_s, ended_s) - self._sent_s) * 1000, 1),
            bytes_received=self._body.bytes_received,
        )


class _Request:
    """A question and its time: all its repetitions end together."""

    def __init__(self, question: Question, path: ApiPath, *, request_timeout_s: float, end_s: float) -> None:
        begun_s = ticks_s()
        self.question = question
        self.path = path
        self.end_s = min(begun_s + request_timeout_s, end_s)
        self.ends_with_run = self.end_s == end_s
        self._allowed_s = self.end_s - begun_s
        self._server_end_s = begun_s + self._allowed_s * _SERVER_GIVES_UP_AT

    @property
    def server_timeout_s(self) -> float:
        """What the server is given; at least a moment, for it refuses 0."""
        return max(self._server_end_s - ticks_s(), 0.01)

    @property
    def is_server_time_over(self) -> bool:
        """Whether the server, too, has given up by now."""
        return ticks_s() >= self._server_end_s - _SERVER_CLOCK_S

    @property
    def no_answer(self) -> str:
        """`no answer in 5s`; or that the run was over first."""
        if self.ends_with_run:
            return OUT_OF_TIME
        return f"no answer in {round(self._allowed_s, 1 if self._allowed_s >= 1 else 3):g}s"
