"""Open-loop load: send requests at a constant rate over many connections, independent of the answers, as callers do.

wrk is closed-loop: it sends a request after the previous answer, so a slow service gets fewer requests. Plain sockets
and epoll, because an event loop would use more processor time than the service under test (Linux only).
"""

import os
import select
import socket
import sys
import time
from collections import deque

_WHOLE = b"Envelope>"


def offer(port, request, rate, seconds, connections):
    """Return {HTTP status: [milliseconds to the answer, sorted]}, and the share of requests that could be sent.

    A due request takes a free connection or waits for one; requests that still wait at the end count as not sent.
    """
    poll, idle, socks, begun_at = select.epoll(), deque(), {}, {}
    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        socks[sock.fileno()] = sock
        poll.register(sock, select.EPOLLIN)
        idle.append(sock)
        # A connection's first request is not counted: accepting 512 connections at once delays the server's answers.
        sock.send(request)
        sock.recv(65_536)
    answered, sent, clock = {}, 0, time.perf_counter
    begun = now = clock()
    while now < begun + seconds:
        for _ in range(min(int((now - begun) * rate) + 1 - sent, len(idle))):
            sock = idle.popleft()
            begun_at[sock] = clock()
            sock.send(request)
            sent += 1
        for descriptor, _ in poll.poll(0.0005):
            sock = socks[descriptor]
            answer = sock.recv(65_536)
            if not answer.endswith(_WHOLE):
                sys.exit(f"bench: a connection was closed, or an answer came in pieces: {answer!r}")
            answered.setdefault(int(answer[9:12]), []).append(1_000 * (clock() - begun_at[sock]))
            idle.append(sock)
        now = clock()
    for sock in socks.values():
        sock.close()
    return {status: sorted(times) for status, times in answered.items()}, sent / (rate * seconds)


def request(path, login, body):
    """Return the bytes of a SOAP request."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {login}\r\nContent-Type: text/xml; charset=utf-8\r\n"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


def part(times, share):
    """Return the quantile `share` of the sorted `times`; None when there are none."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else None


def to_second_core():
    """Stay off the first core, where the server is."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
