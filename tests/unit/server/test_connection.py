"""One connection: requests in, responses out in their order, and its end whatever the client does."""

import threading

import pytest

from vats1c.http import BodyProblem, Response

TIMEOUT_S = 60
OK = Response(200, [], b"ok")
REFUSED = Response(403, [], b"refused")


def get(path="/", *lines, version="1.1"):
    fields = "".join(f"{line}\r\n" for line in lines)
    return f"GET {path} HTTP/{version}\r\nHost: a\r\n{fields}\r\n".encode()


def post(path="/", body=b"body", *lines, length=None):
    fields = "".join(f"{line}\r\n" for line in lines)
    return (
        f"POST {path} HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode()
        + body
    )


def chunked(path="/", *chunks):
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def send_without_end(client):
    for _ in range(10_000):
        client.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")


def handled(server):
    return server.application.handled.get(timeout=TIMEOUT_S)


@pytest.fixture
def limited(server):
    """A server that takes bodies of 10 bytes at "/"."""

    def admit(request):
        request.max_body_bytes = 10
        return server.application

    server.application.admissions["/"] = admit
    return server


# Order and reuse


def test_a_request_is_handled_with_its_body_and_the_address_of_its_sender(server):
    client = server.connect(post("/x?y", b"hello", "X: 1"))

    assert client.response().body == b"POST /x hello"
    request = handled(server)
    assert (request.query, request.body, request.headers["x"]) == ("y", b"hello", "1")
    assert (request.sender, request.peer, request.body_problem) == ("127.0.0.1", "127.0.0.1", None)


def test_a_body_in_many_pieces_is_handled_once_and_whole(server):
    client = server.connect(post("/", b"", length=5))
    for byte in b"hello":
        client.send(bytes([byte]))

    assert client.response().body == b"POST / hello"
    assert server.application.handled.qsize() == 1


def test_a_response_has_date_server_and_length(server):
    headers = server.connect(get()).response().headers

    assert headers["date"].endswith(" GMT")
    assert headers["server"] == "vats1c"
    assert headers["content-length"] == "6"
    assert "connection" not in headers


def test_a_connection_is_used_again_and_again(server):
    client = server.connect()
    for number in range(50):
        client.send(post(f"/{number}", b"x") if number % 2 else get(f"/{number}"))
        assert client.response().body.startswith(b"%s /%d " % (b"POST" if number % 2 else b"GET", number))


def test_pipelined_requests_are_answered_in_their_order_though_the_second_is_done_first(server):
    first, second = server.application.future(), server.application.future()
    server.application.answers |= {"/1": first, "/2": second}
    client = server.connect(get("/1") + get("/2") + get("/3"))

    second.set_result(Response(200, [], b"second"))
    assert handled(server).path == "/1"
    first.set_result(Response(200, [], b"first"))

    assert [client.response().body for _ in range(3)] == [b"first", b"second", b"GET /3 "]


def test_a_pipelined_request_is_admitted_after_the_one_before_it_is_answered(server):
    server.application.answers["/1"] = future = server.application.future()
    client = server.connect(get("/1") + post("/2", b"x" * 10_000))
    handled(server)
    client.send(get("/3"))
    assert server.application.admitted.get(timeout=TIMEOUT_S).path == "/1"
    assert server.application.admitted.empty()

    future.set_result(OK)

    assert client.response().body == b"ok"
    assert client.response().body == b"POST /2 " + b"x" * 10_000
    assert client.response().body == b"GET /3 "


@pytest.mark.parametrize("count", [20, 3_000])
def test_many_pipelined_requests_behind_a_slow_one_are_all_answered(server, count):
    server.application.answers["/slow"] = future = server.application.future()
    client = server.connect(get("/slow"))
    handled(server)
    sender = threading.Thread(target=lambda: [client.send(get(f"/{number}")) for number in range(count)])
    sender.start()
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert [client.response().body for _ in range(count)] == [b"GET /%d " % number for number in range(count)]
    sender.join()


def test_3000_requests_sent_at_once_behind_a_slow_one_are_all_answered(server):
    server.application.answers["/slow"] = future = server.application.future()
    client = server.connect()
    sender = threading.Thread(target=client.send, args=(get("/slow") + get("/x") * 3_000,))
    sender.start()
    handled(server)
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert {client.response().body for _ in range(3_000)} == {b"GET /x "}
    sender.join()


def test_a_future_of_an_admission_is_waited_for_while_the_body_comes(server):
    server.application.admissions["/"] = admission = server.application.future()
    client = server.connect(post("/", b"he", length=5))
    server.application.admitted.get(timeout=TIMEOUT_S)
    client.send(b"llo")

    admission.set_result(server.application)

    assert client.response().body == b"POST / hello"


def test_a_future_of_an_admission_may_be_a_refusal(server):
    server.application.admissions["/"] = admission = server.application.future()
    client = server.connect(post() + get("/x"))
    server.application.admitted.get(timeout=TIMEOUT_S)

    admission.set_result(REFUSED)

    assert [client.response().status for _ in range(2)] == [403, 200]


@pytest.mark.parametrize("line", ["Connection: close", "Connection: keep-alive, Close"])
def test_a_sender_that_wants_the_connection_closed_has_it_closed(server, line):
    client = server.connect(get("/", line))

    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""


def test_requests_after_one_that_closes_are_not_handled(server):
    server.application.answers["/1"] = future = server.application.future()
    client = server.connect(get("/1", "Connection: close") + get("/2"))
    handled(server)
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert client.rest_or_reset() == b""
    assert server.application.handled.empty()


def test_http_1_0_closes_the_connection(server):
    client = server.connect(get(version="1.0"))
    answer = client.response()

    assert (answer.body, answer.headers["connection"]) == (b"GET / ", "close")
    assert client.rest() == b""


def test_http_1_0_with_keep_alive_keeps_the_connection(server):
    client = server.connect()
    for _ in range(2):
        client.send(get("/", "Connection: keep-alive", version="1.0"))
        assert client.response().headers["connection"] == "keep-alive"


def test_head_has_the_length_and_no_body(server):
    client = server.connect(get("/x").replace(b"GET", b"HEAD") + get("/y"))

    assert client.response(has_body=False).headers["content-length"] == str(len(b"HEAD /x "))
    assert client.response().body == b"GET /y "


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_neither_body_nor_length(server, status):
    server.application.answers["/x"] = Response(status, [], b"none")
    client = server.connect(get("/x") + get("/y"))

    assert "content-length" not in client.response().headers
    assert client.response().body == b"GET /y "


def test_a_large_response_comes_whole(server):
    server.application.answers["/x"] = Response(200, [], b"x" * 20_000_000)
    client = server.connect(get("/x") + get("/y"))

    assert client.response().body == b"x" * 20_000_000
    assert client.response().body == b"GET /y "


# Expect: 100-continue


def test_a_sender_is_asked_for_the_body_once_it_is_admitted(server):
    server.application.admissions["/"] = admission = server.application.future()
    client = server.connect(post("/", b"", "Expect: 100-Continue", length=4))
    server.application.admitted.get(timeout=TIMEOUT_S)
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    client.socket.settimeout(TIMEOUT_S)

    admission.set_result(server.application)

    assert client.response().status == 100
    client.send(b"body")
    assert client.response().body == b"POST / body"


def test_a_sender_that_is_refused_is_not_asked_for_the_body(server):
    server.application.admissions["/"] = REFUSED
    client = server.connect(post("/", b"", "Expect: 100-continue", length=4))

    answer = client.response()

    assert (answer.status, answer.body) == (403, b"refused")
    # It may send the body, or not, and nobody could tell it from the next request.
    assert answer.headers["connection"] == "close"
    assert client.rest() == b""


def test_a_sender_that_sends_the_body_unasked_is_not_asked_for_it(server):
    server.application.admissions["/"] = admission = server.application.future()
    client = server.connect(post("/", b"bo", "Expect: 100-continue", length=4))
    server.application.admitted.get(timeout=TIMEOUT_S)
    admission.set_result(server.application)
    client.send(b"dy")

    assert client.response().body == b"POST / body"


def test_http_1_0_knows_no_interim_response(server):
    client = server.connect(post("/", b"", "Expect: 100-continue", length=4).replace(b"HTTP/1.1", b"HTTP/1.0"))
    server.application.admitted.get(timeout=TIMEOUT_S)
    client.send(b"body")

    assert client.response().body == b"POST / body"


# Clients that close their side


def test_a_sender_that_half_closes_gets_its_response(server):
    client = server.connect(post() + post("/x"))
    client.half_close()

    assert client.response().body == b"POST / body"
    assert client.response().body == b"POST /x body"
    assert client.rest() == b""


def test_a_sender_that_half_closes_gets_a_response_that_takes_time(server):
    server.application.answers |= {"/1": server.application.future(), "/2": server.application.future()}
    client = server.connect(get("/1") + get("/2"))
    client.half_close()
    handled(server)

    server.application.answers["/1"].set_result(Response(200, [], b"first"))
    assert client.response().body == b"first"
    handled(server)
    server.application.answers["/2"].set_result(Response(200, [], b"second"))

    answer = client.response()
    assert (answer.body, answer.headers["connection"]) == (b"second", "close")
    assert client.rest() == b""
    server.wait_for_no_connections()


@pytest.mark.parametrize("sent", [post("/", b"bo", length=4), chunked("/", b"bo"), chunked("/", b"bo") + b"0\r\n"])
def test_a_body_that_is_cut_short_is_handled_as_truncated_and_the_connection_closed(server, sent):
    server.application.answers["/"] = Response(400, [], b"short")
    client = server.connect(sent)
    client.half_close()

    answer = client.response()

    assert (answer.status, answer.body, answer.headers["connection"]) == (400, b"short", "close")
    assert client.rest() == b""
    request = handled(server)
    assert (request.body, request.body_problem) == (b"bo", BodyProblem.TRUNCATED)


def test_a_body_that_is_cut_short_while_its_head_is_admitted_is_truncated(server):
    server.application.admissions["/"] = admission = server.application.future()
    server.application.answers["/"] = server.application.future()
    client = server.connect(post("/", b"bo", length=4))
    client.half_close()
    server.application.admitted.get(timeout=TIMEOUT_S)
    admission.set_result(server.application)

    assert handled(server).body_problem is BodyProblem.TRUNCATED
    server.application.answers["/"].set_result(Response(400, []))
    assert client.response().status == 400
    assert client.rest() == b""


def test_a_refused_body_that_is_cut_short_ends_its_connection(server):
    server.application.admissions["/"] = REFUSED
    client = server.connect(post("/", b"bo", length=4))
    assert client.response().status == 403
    client.half_close()

    assert client.rest() == b""
    server.wait_for_no_connections()


@pytest.mark.parametrize("sent", [b"", get()[:20], get() + get()[:20]])
def test_a_client_that_half_closes_without_a_request_is_hung_up_on(server, sent):
    client = server.connect(sent)
    client.half_close()

    client.rest()
    server.wait_for_no_connections()


def test_a_client_that_goes_away_is_forgotten_and_its_response_dropped(server):
    server.application.answers["/"] = future = server.application.future()
    client = server.connect(get() + get("/2"))
    handled(server)
    client.reset()
    server.wait_for_no_connections()

    future.set_result(OK)

    assert server.connect(get("/3")).response().body == b"GET /3 "
    assert server.application.handled.qsize() == 1


# Bodies that are too large, or refused


def test_a_body_at_the_limit_is_handled(limited):
    assert limited.connect(post("/", b"x" * 10)).response().body == b"POST / " + b"x" * 10
    assert limited.connect(chunked("/", b"x" * 9, b"x", b"")).response().body == b"POST / " + b"x" * 10
    assert handled(limited).body_problem is None


def test_a_body_whose_declared_length_is_too_large_is_refused_before_it_comes(limited):
    client = limited.connect(post("/", b"", length=11))

    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""
    request = handled(limited)
    assert (request.body, request.body_problem) == (b"", BodyProblem.TOO_LARGE)


def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(limited):
    client = limited.connect(chunked("/", b"x" * 6))
    limited.application.admitted.get(timeout=TIMEOUT_S)
    assert limited.application.handled.empty()
    client.send(b"5\r\nxxxxx\r\n")

    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""
    request = handled(limited)
    assert (request.body, request.body_problem) == (b"x" * 11, BodyProblem.TOO_LARGE)


@pytest.mark.parametrize("sent", [post("/", b"x" * 100_000), chunked("/", b"x" * 100_000, b"")])
def test_a_body_that_came_while_its_head_was_admitted_is_still_too_large(limited, sent):
    admission = limited.application.future()
    limited.application.admissions["/"] = admission
    client = limited.connect(sent)
    limited.application.admitted.get(timeout=TIMEOUT_S)
    admission.set_result(limited.application)

    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""
    assert handled(limited).body_problem is BodyProblem.TOO_LARGE


def test_a_body_may_be_as_large_as_its_admission_allows_though_that_takes_time(server):
    admission = server.application.future()

    def admit(request):
        request.max_body_bytes = 1_000_000
        return admission

    server.application.admissions["/"] = admit
    client = server.connect()
    sender = threading.Thread(target=client.send, args=(post("/", b"x" * 1_000_000),))
    sender.start()
    server.application.admitted.get(timeout=TIMEOUT_S)
    admission.set_result(server.application)

    assert len(client.response().body) == 1_000_007
    sender.join()


def test_a_pipelined_body_that_is_too_large_is_refused_in_its_turn(limited):
    limited.application.answers["/1"] = future = limited.application.future()
    client = limited.connect(get("/1") + chunked("/", b"x" * 6, b"x" * 6, b"") + get("/3"))
    assert handled(limited).path == "/1"
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert client.response().headers["connection"] == "close"
    assert client.rest_or_reset() == b""
    assert handled(limited).body_problem is BodyProblem.TOO_LARGE


@pytest.mark.parametrize("size", [300_000])
def test_a_sender_that_is_refused_early_can_send_all_and_reads_the_response_whole(server, size):
    server.application.admissions["/"] = Response(401, [], b"r" * 5_000)
    for _ in range(20):
        client = server.connect(post("/", b"", length=size))
        for _ in range(size // 10_000):
            client.send(b"x" * 10_000)

        answer = client.response()

        assert (answer.status, answer.body, answer.headers["connection"]) == (401, b"r" * 5_000, "close")
        assert client.rest() == b""
        client.close()
    assert server.application.handled.empty()


def test_a_sender_of_a_chunked_body_that_is_refused_early_can_send_all(server):
    server.application.admissions["/"] = REFUSED
    for _ in range(20):
        client = server.connect(chunked("/"))
        for _ in range(30):
            client.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        client.send(b"0\r\n\r\n")

        assert client.response().body == b"refused"
        assert client.rest() == b""


def test_the_early_refusal_of_a_small_body_keeps_the_connection(server):
    server.application.admissions["/"] = REFUSED
    client = server.connect()
    for _ in range(3):
        client.send(post("/", b"", length=10_000))
        answer = client.response()
        assert (answer.status, "connection" in answer.headers) == (403, False)
        client.send(b"x" * 10_000)
        client.send(post("/x") + post("/", b"b") + get("/y"))
        assert [client.response().status for _ in range(3)] == [200, 403, 200]


def test_an_endless_body_is_cut_off_after_the_refusal(server):
    server.application.admissions["/"] = REFUSED
    client = server.connect(chunked("/"))
    assert client.response().status == 403

    with pytest.raises(ConnectionError):
        send_without_end(client)


def test_an_endless_body_is_cut_off_while_the_refusal_takes_time(limited):
    limited.application.answers["/"] = limited.application.future()
    client = limited.connect(chunked("/", b"x" * 11))

    with pytest.raises(ConnectionError):
        send_without_end(client)


# Time


@pytest.mark.parametrize("sent", [post("/", b"", length=4), post("/", b"bo", length=4), chunked("/", b"bo")])
def test_a_body_that_does_not_come_in_time_is_late(start_server, sent):
    server = start_server(body_timeout_s=0.3)
    server.application.answers["/"] = Response(408, [], b"late")
    client = server.connect(sent)

    answer = client.response()

    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert client.rest() == b""
    assert handled(server).body_problem is BodyProblem.LATE


def test_a_late_body_does_not_delay_the_end_of_its_connection(start_server):
    server = start_server(body_timeout_s=0.3)
    server.application.answers["/"] = server.application.future()
    client = server.connect(post("/", b"bo", length=4))
    assert handled(server).body_problem is BodyProblem.LATE
    client.send(b"dy")
    server.application.answers["/"].set_result(Response(408, []))

    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""


def test_a_refused_body_that_does_not_come_in_time_ends_its_connection(start_server):
    server = start_server(body_timeout_s=0.3)
    server.application.admissions["/"] = REFUSED
    client = server.connect(post("/", b"bo", length=4))

    assert client.response().status == 403
    assert client.rest() == b""


def test_a_client_that_never_hangs_up_after_a_refusal_is_hung_up_on(server):
    server.application.admissions["/"] = REFUSED
    client = server.connect(chunked("/", b"x"))

    assert client.response().status == 403
    server.wait_for_no_connections()


@pytest.mark.parametrize("sent", [b"", get()[:20]])
def test_a_head_that_does_not_come_in_time_ends_its_connection(start_server, sent):
    server = start_server(header_timeout_s=0.3)

    assert server.connect(sent).rest() == b""


@pytest.mark.parametrize("sent", [b"", get()[:20]])
def test_an_idle_connection_is_closed_after_a_while(start_server, sent):
    server = start_server(header_timeout_s=0.3)
    client = server.connect(get())
    assert client.response().status == 200
    client.send(sent)

    assert client.rest() == b""


def test_a_request_that_is_being_answered_has_no_deadline(start_server):
    server = start_server(header_timeout_s=0.1, body_timeout_s=0.1)
    server.application.answers["/"] = future = server.application.future()
    client = server.connect(post())
    # Another connection is closed meanwhile for the time it takes.
    assert server.connect().rest() == b""
    assert server.connect().rest() == b""
    future.set_result(OK)

    assert client.response().body == b"ok"


def test_a_client_that_does_not_read_its_response_is_disconnected(start_server):
    server = start_server(body_timeout_s=0.3)
    server.application.answers["/"] = Response(200, [], b"x" * 50_000_000)
    server.connect(get())
    handled(server)

    server.wait_for_no_connections()


def test_a_body_that_waits_behind_a_response_still_has_its_deadline(start_server):
    server = start_server(body_timeout_s=1)
    server.application.answers |= {"/1": Response(200, [], b"x" * 8_000_000), "/2": Response(408, [])}
    client = server.connect(get("/1") + post("/2", b"bo", length=4))

    assert len(client.response().body) == 8_000_000
    assert client.response().status == 408
    assert client.rest() == b""


# What is no HTTP


@pytest.mark.parametrize(
    ("sent", "head"),
    [
        (b"FOO /x HTTP/1.1\r\n\r\n", (405, "/x", "")),
        (b"GET /x HTTP/1.1\r\n\r\n", (400, "/x", "")),
        (b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nX: 1\r\nX : 1\r\n\r\n", (400, "/x", "text/xml")),
        (b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 500_000, (431, "/x", "")),
        (b"\x16\x03\x01\x02\x00", (400, "", "")),
    ],
)
def test_a_malformed_head_is_answered_and_the_connection_closed(server, sent, head):
    client = server.connect(sent)

    answer = client.response()

    assert (answer.status, answer.body, answer.headers["connection"]) == (head[0], b"malformed", "close")
    assert client.rest() == b""
    assert server.application.malformed_heads == [head]


def test_a_malformed_head_after_a_request_is_answered_after_it(server):
    client = server.connect(get() + b"FOO /x HTTP/1.1\r\n\r\n" + get())

    assert [client.response().status for _ in range(2)] == [200, 400]
    assert client.rest() == b""


def test_requests_before_a_malformed_head_are_answered_though_they_take_time(server):
    server.application.answers["/1"] = future = server.application.future()
    client = server.connect(get("/1") + get("/2") + b"FOO /x HTTP/1.1\r\n\r\n")
    handled(server)
    client.send(b"more of it" * 10_000)
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert client.response().body == b"GET /2 "
    assert client.response().status == 400
    assert client.rest() == b""


@pytest.mark.parametrize("wrong", [b"zz\r\n", b"-1\r\nx\r\n", b"2\r\nxxx\r\n"])
def test_a_chunked_body_that_is_framed_wrongly_is_truncated_and_its_connection_closed(server, wrong):
    server.application.answers["/"] = Response(400, [], b"wrong")
    client = server.connect(chunked("/", b"bo") + wrong)

    answer = client.response()

    assert (answer.status, answer.body, answer.headers["connection"]) == (400, b"wrong", "close")
    assert client.rest() == b""
    assert handled(server).body_problem is BodyProblem.TRUNCATED


def test_a_body_that_is_framed_wrongly_behind_a_slow_request_is_truncated_in_its_turn(server):
    server.application.answers["/1"] = future = server.application.future()
    client = server.connect(get("/1") + chunked("/2", b"bo") + b"zz\r\n")
    assert handled(server).path == "/1"
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""
    assert handled(server).body_problem is BodyProblem.TRUNCATED


def test_a_refused_body_that_is_framed_wrongly_ends_its_connection(server):
    server.application.admissions["/"] = REFUSED
    client = server.connect(chunked("/", b"bo") + b"zz\r\n")

    assert client.response().body == b"refused"
    assert client.rest() == b""


def test_an_offer_to_upgrade_is_answered_as_http_1_1(server):
    client = server.connect(post("/", b"body", "Connection: Upgrade", "Upgrade: h2c") + get("/x"))

    assert client.response().body == b"POST / body"
    assert client.response().body == b"GET /x "


# Defects of the application


def failing(server, where):
    application = server.application
    if where == "admit":
        application.admissions["/bad"] = KeyError("admit")
    elif where == "handle":
        application.answers["/bad"] = KeyError("handle")
    elif where == "response":
        application.answers["/bad"] = Response(200, [("X", "a\r\nb")])
    else:
        future = application.future()
        getattr(application, where.split()[1])["/bad"] = future
        wrong = where.split()[0] == "wrong"
        future.set_result(Response(200, [("X", "a\r\nb")])) if wrong else future.set_exception(KeyError(where))


WHERE = ["admit", "handle", "response", "failed admissions", "failed answers", "wrong admissions", "wrong answers"]


@pytest.mark.parametrize("where", WHERE)
def test_an_exception_ends_its_own_connection_alone(server, where):
    failing(server, where)
    other = server.connect(get("/x"))
    assert other.response().status == 200
    client = server.connect(post("/bad"))

    assert client.rest_or_reset() == b""
    other.send(get("/y"))
    assert other.response().body == b"GET /y "


@pytest.mark.parametrize("where", ["handle", "response"])
def test_an_exception_at_a_late_body_ends_its_own_connection_alone(start_server, where):
    server = start_server(body_timeout_s=0.3)
    failing(server, where)

    assert server.connect(post("/bad", b"", length=4)).rest_or_reset() == b""
    # Deadlines are still kept.
    assert server.connect(post("/x", b"", length=4)).response().status == 200
