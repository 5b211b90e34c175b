"""The HTTP server: llhttp (httptools) on one event loop (uvloop if it is available).

The list below has the threads of a serving process by their names. For each thread it gives who starts it, what it
runs, the state that it owns, and the state that it shares with other threads, with the lock that guards it. All threads
but MainThread are daemons, so none of them keeps the process alive.

- `MainThread`: Python; `HttpServer`: it reads requests, answers those that need not wait, and sends. It never waits.
  Owns the connections, their parsers and deadlines. Shares the calls that others post: a deque, atomic by itself.
- `call`: the `WorkerPool` of `PublicationFactory`; operations that may wait: a SayName that asks directories on disk or
  in the network, injected faults. Shares the pool's queue and counters: its lock.
- `sign-in`: the other `WorkerPool` of `PublicationFactory`; it verifies logins that were not verified before. Shares
  the logins that have passed, a set that only grows; refused logins and attempts by address: locks of `Logins` and
  `Failures`.
- `page`: the `WorkerPool` of `Application`; pages, the API, sessions of windows. Shares each part's state: its lock.
- `journal`: `Writer`; all writing of calls and exchanges, and the callbacks of their futures. Owns the connection that
  writes. Shares jobs and exchanges that wait: deques; the counts of drops: a lock.
- `journal-watcher`: `Watcher`; it reads calls that have changed, and passes them to the windows. Owns its cursor.
- `journal-retention`: `Journal`; it removes rows beyond the limits of age and size.
- `windows`: `WindowRegistry`, with the first window; heartbeats. It never waits. Shares the windows: the registry's
  lock; a window's stream: its own lock.
- `exchange-feed`: `ExchangeFeed`, with the first inspector; it reads new exchanges and sends them to the inspectors.
  Owns their cursors. Shares the inspectors: the feed's lock.
- `directory NAME`: `FileDirectory` and `ODataDirectory`; it reads the callers again when they change. Shares the index:
  replaced whole, by one assignment.
- `ask NAME`: `GuardedDirectory`, one thread for each lookup in a source. Shares the cache, the pending lookups and the
  circuit breaker: the directory's lock.
- `late-lookup`: `CallService`, with the first unknown caller; it looks callers up after their calls were recorded.
  Shares a queue.
- `shadow NAME`, `forwarding`, `recording`: `Worker` of `upstream`; they ask the real 1C for comparison, pass calls on,
  write its answers down. Share a queue each.
- `publications`: `Publications`, with the first one; it ends publications made on request that are not used. Shares the
  publications: their lock.
- `broken-body`: `FaultyEndpoint`, for each such response; it sends a response in pieces, or breaks it off.
- `overload`: `OverloadResponses`, while requests are refused; it logs the end of an overload. Shares the count of
  refusals: a lock.
- `supervisor`: `supervisor.run`, in each of several workers; it ends the process when the supervisor has died.
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
