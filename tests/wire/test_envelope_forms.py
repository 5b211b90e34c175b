"""Whatever an honest client sends, in whatever spelling, is understood."""

import pytest
from lxml import etree

from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, envelope, incoming_call, say_name

NAME = "VIP:Ренессанс Капитал"
PLAIN = '<SayName xmlns="http://VATS"><number>89235292926</number></SayName>'
KINDS = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("namespace", ["http://VATS", "http://test"])
def test_each_soap_version_and_namespace_is_answered_in_kind(live, version, namespace):
    answer = live.post(say_name(namespace=namespace, version=version))

    assert (answer.status, answer.version, answer.returned) == (200, version, NAME)
    assert answer.headers["content-type"] == KINDS[version]
    assert f'<m:SayNameResponse xmlns:m="{namespace}">' in answer.text


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("namespace", ["http://VATS", "http://test"])
def test_an_incoming_call_is_acknowledged(live, version, namespace):
    body = incoming_call(version=version).replace("http://VATS", namespace)

    assert live.post(body).returned == "1"


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("namespace", ["http://VATS", "http://test"])
def test_the_parameters_name_decides_the_answer(live, version, namespace):
    plain = live.post(say_name(namespace=namespace, version=version, parameter="number")).returned
    later = live.post(say_name(namespace=namespace, version=version, parameter="Number")).returned

    assert plain == NAME
    document = etree.fromstring(later.encode())
    assert [document.findtext(path) for path in ("title", "category", "manager/phone")] == [NAME, "0", "244"]


def test_a_manager_reaches_the_vats_as_an_extension_or_not_at_all(start):
    managers = {
        "Соколова Анна": "",
        "+7 923 000-00-01": "",
        "123456": "",
        "доб. 245": "245",
        "1\u00a0234": "1234",
        "": "",
    }
    callers = "".join(
        f'{{ number = "8916000000{place}", name = "Клиент", manager = "{manager}" }},\n'
        for place, manager in enumerate(managers)
    )
    live = start(extra=f'[[directories]]\nname = "own"\ntype = "memory"\ncallers = [\n{callers}]\n')

    phones = [
        etree.fromstring(live.post(say_name(f"8916000000{place}", parameter="Number")).returned.encode()).findtext(
            "manager/phone"
        )
        for place in range(len(managers))
    ]

    assert phones == list(managers.values())


def test_an_awkward_name_is_escaped_inside_the_data_document(live):
    document = etree.fromstring(live.post(say_name("84957771234", parameter="Number")).returned.encode())

    assert document.findtext("title") == 'Рога & Копыта <ООО> "Юг"'


def test_characters_that_xml_cannot_carry_are_dropped_from_a_name(live):
    assert live.post(say_name("89135004455")).returned == "ЁлкинаАлёна"


def test_the_phone_shows_a_caller_as_the_settings_say_and_the_journal_keeps_the_name(start):
    live = start(
        extra='[say_name]\nformat = "{name} [({company})]"\nprefix = { 0 = "!" }\nlength = 30\ntransliterate = "yo"\n'
    )

    assert live.post(say_name()).returned == "!VIP:Renessans Kapital (Reness"
    assert "<title>!VIP:Renessans Kapital (Reness</title>" in live.post(say_name(parameter="Number")).returned
    assert "<phone>244</phone>" in live.post(say_name(parameter="Number")).returned
    live.post(incoming_call())
    assert [call["caller"] for call in live.journal()] == [NAME]


def test_an_unknown_number_has_an_empty_name_spelled_as_1c_spells_it(live):
    answer = live.post(say_name("89990000000"))

    assert answer.status == 200
    assert b'<m:return xmlns:xs="http://www.w3.org/2001/XMLSchema" ' in answer.body
    assert b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/></m:SayNameResponse>' in answer.body


def test_an_unknown_number_of_the_later_contract_has_the_same_document_with_empty_elements(live):
    document = etree.fromstring(live.post(say_name("89990000000", parameter="Number")).returned.encode())

    assert [document.findtext(path) for path in ("title", "category", "manager/phone")] == ["", "", ""]


@pytest.mark.parametrize(
    "number",
    ["", " ", "anonymous", "CallAPI", "0000", "1", "244", "+", "☎📞", "-1", "9" * 60_000, "sip:244@pbx", "&#10;"],
)
def test_a_number_that_is_none_has_an_empty_name_and_never_a_fault(live, number):
    answer = live.post(say_name(number))

    assert (answer.status, answer.returned) == (200, "")


XSI = "http://www.w3.org/2001/XMLSchema-instance"


@pytest.mark.parametrize(
    "parameter",
    [
        "<number/>",
        "<number></number>",
        f'<number xmlns:xsi="{XSI}" xsi:nil="true"/>',
        "<number><!-- hidden --></number>",
    ],
)
def test_a_hidden_number_is_an_empty_element(live, parameter):
    answer = live.post(envelope(f'<SayName xmlns="http://VATS">{parameter}</SayName>'))

    assert (answer.status, answer.returned) == (200, "")


@pytest.mark.parametrize(
    "form",
    [
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}"><SOAP-ENV:Body>{PLAIN}</SOAP-ENV:Body></SOAP-ENV:Envelope>',
        f'<Envelope xmlns="{SOAP11}"><Body>{PLAIN}</Body></Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}" ><s:Body >{PLAIN}</s:Body ></s:Envelope >',
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header/><s:Body>{PLAIN}</s:Body></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header><a:Action xmlns:a="urn:a">x</a:Action></s:Header><s:Body>{PLAIN}</s:Body></s:Envelope>',
        f'<!-- a --><s:Envelope xmlns:s="{SOAP11}"><!-- b --><s:Body><!-- c -->{PLAIN}<!-- d --></s:Body></s:Envelope><!-- e -->',
        envelope('<v:SayName xmlns:v="http://VATS"><v:number>89235292926</v:number></v:SayName>'),
        envelope('<v:SayName xmlns:v="http://VATS"><number>89235292926</number></v:SayName>'),
        envelope('<SayName xmlns="http://VATS"><number>\r\n\t 89235292926 \n</number></SayName>'),
        envelope('<SayName xmlns="http://VATS"><number><![CDATA[89235292926]]></number></SayName>'),
        envelope('<SayName xmlns="http://VATS"><number>8923<!-- a -->52<![CDATA[92]]>926</number></SayName>'),
        envelope('<SayName xmlns="http://VATS"><number>&#x38;923529&#50;926</number></SayName>'),
        envelope('<SayName xmlns="http://VATS"><number>+7 (923) 529-29-26</number></SayName>'),
        envelope(
            f'<SayName xmlns="http://VATS" xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
            '<number xsi:type="xsd:string">89235292926</number></SayName>'
        ),
        envelope(
            '<SayName xmlns="http://VATS" number="an attribute named like a parameter"><number>89235292926</number></SayName>'
        ),
        envelope('<SayName xmlns="http://VATS"><number>89235292926</number><unknown>1</unknown></SayName>'),
        PLAIN.join([f'<s:Envelope xmlns:s="{SOAP11}" s:encodingStyle="urn:x"><s:Body>', "</s:Body></s:Envelope>"]),
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header><t xmlns="urn:t" s:mustUnderstand="0"/></s:Header><s:Body>{PLAIN}</s:Body></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header><t xmlns="urn:t" s:mustUnderstand="1" s:actor="urn:other"/></s:Header>'
        f"<s:Body>{PLAIN}</s:Body></s:Envelope>",
    ],
)
def test_any_spelling_of_the_same_request_is_the_same_request(live, form):
    answer = live.post(form)

    assert (answer.status, answer.returned) == (200, NAME), answer.text


BODY = say_name()
DECLARED = BODY.replace("utf-8", "{}")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (BODY.encode("utf-8"), "text/xml"),
        (BODY.encode("utf-8"), "text/xml; charset=utf-8"),
        (BODY.encode("utf-8"), 'text/xml; charset="UTF-8"'),
        (BODY.encode("utf-8-sig"), "text/xml"),
        (DECLARED.format("utf-16").encode("utf-16"), "text/xml"),
        (DECLARED.format("utf-16").encode("utf-16"), "text/xml; charset=utf-16"),
        (b"\xff\xfe" + DECLARED.format("utf-16").encode("utf-16-le"), "text/xml"),
        (b"\xfe\xff" + DECLARED.format("utf-16").encode("utf-16-be"), "text/xml"),
        (DECLARED.format("windows-1251").encode("windows-1251"), "text/xml"),
        (DECLARED.format("windows-1251").encode("windows-1251"), "text/xml; charset=windows-1251"),
        (DECLARED.format("windows-1251").encode("windows-1251"), "text/xml; charset=utf-8"),
        (envelope(PLAIN, declaration="").encode(), "text/xml; charset=windows-1251"),
        (BODY.encode(), "application/json"),
        (BODY.encode(), "application/x-www-form-urlencoded"),
        (BODY.encode(), "application/soap+xml; charset=utf-8; action=SayName"),
        (BODY.encode(), ""),
        (BODY.encode(), None),
    ],
)
def test_every_usual_encoding_and_content_type_is_read(live, body, content_type):
    answer = live.post(body, content_type=content_type)

    assert (answer.status, answer.returned, answer.version) == (200, NAME, SOAP11)


@pytest.mark.parametrize("declared", [True, False])
def test_cyrillic_in_windows_1251_is_read_as_cyrillic(start, declared):
    live = start()
    declaration = '<?xml version="1.0" encoding="windows-1251"?>' if declared else ""
    key = "ключ"
    body = envelope(
        f'<IncomingCall xmlns="http://VATS"><NumFrom>89235292926</NumFrom><Key>{key}</Key></IncomingCall>',
        declaration=declaration,
    ).encode("windows-1251")

    answer = live.post(body, content_type="text/xml" if declared else "text/xml; charset=windows-1251")

    assert answer.returned == "1"
    assert [call["key"] for call in live.journal()] == [key]


@pytest.mark.parametrize("action", ['"http://VATS#VATS:IncomingCall"', '""', "nonsense"])
def test_soapaction_is_not_looked_at(live, action):
    assert live.post(say_name(), {"SOAPAction": action}).returned == NAME


HEADER = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\nContent-Type: text/xml\r\n"


def test_a_chunked_request_is_read_whole(live):
    body = BODY.encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:200], body[200:]))

    answer = live.raw(
        HEADER.encode() + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks + b"0\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert NAME.encode() in answer


def test_a_connection_is_kept_for_the_next_request(live):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    sockets = set()
    for _ in range(5):
        connection.request("POST", PATH, BODY.encode(), {"Authorization": AUTHORIZATION, "Content-Type": "text/xml"})
        assert NAME in connection.getresponse().read().decode()
        sockets.add(connection.sock.getsockname())
    connection.close()

    assert len(sockets) == 1


def test_pipelined_requests_are_answered_in_order(live):
    one = HEADER.encode() + b"Content-Length: %d\r\n\r\n" % len(BODY.encode()) + BODY.encode()
    last = one.replace(b"Content-Type", b"Connection: close\r\nContent-Type")

    assert live.raw(one + one + last).count(NAME.encode()) == 3


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(live):
    with live.connect() as connection:
        connection.sendall(HEADER.encode() + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY.encode()))
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(BODY.encode())
        assert NAME.encode() in connection.recv(10_000)


def test_a_stranger_who_asks_before_he_sends_is_refused_at_once(live):
    stranger = HEADER.replace(AUTHORIZATION, "Basic bm86bm8=")
    with live.connect() as connection:
        connection.sendall(stranger.encode() + b"Expect: 100-continue\r\nContent-Length: 300\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 401")


def test_http_1_0_is_answered(live):
    body = BODY.encode()

    answer = live.raw(HEADER.replace("1.1", "1.0").encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    assert b" 200 OK" in answer.splitlines()[0]
    assert NAME.encode() in answer
