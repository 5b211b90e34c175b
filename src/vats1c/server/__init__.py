"""HTTP by llhttp (httptools) on one event loop (uvloop where there is one).

The threads of a process that serves. All others than MainThread are daemons: none keeps the process from ending.

| name | started by | work | state that it owns | state shared with others, and what guards it |
|---|---|---|---|---|
| MainThread | Python | `HttpServer`: parses, admits, answers what cannot wait, sends; never waits | connections, their parsers and deadlines | calls posted by others: a deque, whose operations are atomic |
| call | `WorkerPool` of `PublicationFactory` | operations that may wait: a SayName of directories on disk or in the network; injected faults | | the pool's queue and counters: its lock |
| sign-in | `WorkerPool` of `PublicationFactory` | logins that were not seen before | | the logins that have passed: a set that only grows; refused ones and attempts by address: locks |
| page | `WorkerPool` of `Application` | pages, the API, sessions of windows | | each part's own lock |
| journal | `Writer` | all writing of calls and exchanges; callbacks of their futures | the writing connection | jobs and exchanges to write: deques; drops: a lock |
| journal-watcher | `Watcher` | reads changed calls, passes them to the windows | the reading cursor | |
| journal-retention | `Journal` | removes what is too old or too much | | |
| windows | `WindowRegistry`, with the first window | heartbeats; never waits | | the windows: the registry's lock; a stream: its own lock |
| exchange-feed | `ExchangeFeed`, with the first inspector | reads new exchanges, passes them to the inspectors | the streams' cursors | the streams: the feed's lock |
| directory NAME | `FileDirectory`, `ODataDirectory` | reads the callers again when they change | | the index: replaced whole, by one assignment |
| ask NAME | `GuardedDirectory`, for each question | asks one source one question | | cache, open questions and circuit breaker: the directory's lock |
| late-lookup | `CallService`, with the first call of an unknown caller | looks a caller up after the call was recorded | | its queue |
| shadow NAME, forwarding, recording | `Worker` of `upstream` | ask the real 1C for comparison; pass calls on; write recordings | | the worker's queue |
| publications | `Publications` | ends publications made on request that are not used | | the publications: their lock |
| broken-body | `FaultyEndpoint`, for each such response | sends a response in pieces, or breaks it off | | |
| overload | `OverloadResponses`, while requests are refused | logs the end of an overload | | refusals: a lock |
| supervisor | `supervisor.run`, in each of several workers | ends the process when the supervisor has died | | |
"""

from vats1c.server.http_server import PortInUseError, ServerApplication, ServerLimits, ensure_port_free, serve
from vats1c.server.supervisor import WorkersDyingError, run

__all__ = [
    "PortInUseError",
    "ServerApplication",
    "ServerLimits",
    "WorkersDyingError",
    "ensure_port_free",
    "run",
    "serve",
]
