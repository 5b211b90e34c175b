"""The hand-kept WSDL says what the Spyne application does, in the shape in which 1C says it."""

import re

import pytest
from lxml import etree

from vats1c.http import Request
from vats1c.soap import service, wsdl

W, X = "{http://schemas.xmlsoap.org/wsdl/}", "{http://www.w3.org/2001/XMLSchema}"
PATH = "/telephony/ws/VATS"


def published(parameter="number"):
    return etree.fromstring(wsdl.read(parameter).encode())


def declared_in_file(document):
    """{operation: (input, output)}, each as element name and [(parameter, type, occurrence)]."""
    elements = {
        element.get("name"): [
            (each.get("name"), each.get("type").split(":")[1], each.get("minOccurs", "1"), each.get("maxOccurs", "1"))
            for each in element.iter(X + "element")
            if each is not element
        ]
        for element in document.find(f".//{X}schema").iterchildren(X + "element")
    }
    messages = {m.get("name"): m.find(W + "part").get("element").split(":")[1] for m in document.iter(W + "message")}
    operations = {}
    for operation in document.find(W + "portType"):
        names = [messages[operation.find(W + way).get("message").split(":")[1]] for way in ("input", "output")]
        operations[operation.get("name")] = [(name, elements[name]) for name in names]
    return document.get("targetNamespace"), document.get("name"), operations


def declared_by_spyne(application):
    def parameters(message):
        for name, kind in message._type_info.items():
            yield name, kind.get_type_name(), str(kind.Attributes.min_occurs), str(kind.Attributes.max_occurs)

    operations = {
        method.operation_name: [
            (message.get_element_name(), list(parameters(message)))
            for message in (method.in_message, method.out_message)
        ]
        for (method,) in application.interface.service_method_map.values()
    }
    return application.interface.get_tns(), application.interface.get_name(), operations


@pytest.mark.parametrize("contract", [c for c in service.CONTRACTS if c.namespace == "http://VATS"])
def test_the_file_and_the_application_declare_the_same(contract):
    assert declared_in_file(published(contract.parameter)) == declared_by_spyne(service.declare(contract))


def test_the_later_contract_differs_in_the_name_of_one_parameter_alone():
    plain, later = wsdl.read("number"), wsdl.read("Number")

    assert [pair for pair in zip(plain.splitlines(), later.splitlines(), strict=True) if pair[0] != pair[1]] == [
        ('\t\t\t\t\t\t<xs:element name="number"', '\t\t\t\t\t\t<xs:element name="Number"')
    ]


def test_it_has_the_shape_of_a_real_one(shared):
    real = (shared / "contract" / "1c-wsdl" / "webcommoninfobases.wsdl").read_bytes()
    ours = wsdl.read().encode()

    def outside_types(text):
        root = etree.fromstring(text)
        own, name = root.get("targetNamespace"), root.get("name")
        first = root.find(W + "portType")[0].get("name")
        for operation in root.find(W + "portType")[1:]:
            for each in root.xpath(f"//*[contains(concat(@name, @soapAction), '{operation.get('name')}')]"):
                if each.getparent() is not None and each.tag != X + "element":
                    each.getparent().remove(each)
        root.remove(root.find(W + "types"))
        text = etree.tostring(root, method="c14n").decode()
        text = re.sub(r'(location=")[^"]*', r"\1", text.replace(own, "NS").replace(first, "OP").replace(name, "SVC"))
        # Operations beyond the first have gone; the white space around them has not.
        return re.sub(r"\s+<", "<", text)

    assert outside_types(ours) == outside_types(real)


def test_the_schema_is_laid_out_as_a_real_one(shared):
    real = etree.parse(shared / "contract" / "1c-wsdl" / "webcommoninfobases.wsdl").find(f".//{X}schema")
    ours = published().find(f".//{X}schema")

    assert sorted(real.attrib) == sorted(ours.attrib)
    assert list(real.nsmap) == list(ours.nsmap)
    for schema in (real, ours):
        for element in schema:
            assert [each.tag for each in element.iter()][:3] == [X + "element", X + "complexType", X + "sequence"]


def ask(*, host="127.0.0.1:8080", scheme="http", public_url=None, trusted=(), query="wsdl", method="GET", **headers):
    """Ask for a WSDL; return status, headers and body."""
    published = wsdl.Wsdl(PATH, "number", public_url, trusted, "localhost:8080")
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    response = published.respond(Request(method, PATH, query, headers, "127.0.0.1", scheme=scheme, host=host))
    return response.status, dict(response.headers), response.body


def addresses(body):
    return set(re.findall(r'address location="([^"]*)"', body.decode()))


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"host": "127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"host": "192.168.0.5"}, "http://192.168.0.5"),
        ({"host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"host": "localhost"}, "http://localhost"),
        ({"host": "vats.example.ru"}, "http://localhost:8080"),
        ({"host": "vats.example.ru", "trusted": ("vats.example.ru",)}, "http://vats.example.ru"),
        ({"host": "a.example.ru:81", "trusted": (".example.ru",), "scheme": "https"}, "https://a.example.ru:81"),
        ({"host": "evil.example", "trusted": ("vats.example.ru",)}, "http://localhost:8080"),
        ({"host": "anything.example", "trusted": ("*",)}, "http://anything.example"),
        ({"host": 'x" onload="', "trusted": ("*",)}, "http://localhost:8080"),
        ({"host": "", "trusted": ("*",)}, "http://localhost:8080"),
        ({"host": "evil.example", "public_url": "https://pbx.example.ru/base"}, "https://pbx.example.ru/base"),
    ],
)
def test_the_address_is_ours_or_a_trusted_host_and_never_an_injected_one(given, address):
    assert addresses(ask(**given)[2]) == {address + PATH}


def test_nothing_but_the_address_is_rewritten():
    body = ask(public_url="http://localhost")[2].decode()

    assert body == wsdl.read()


def test_one_askers_host_is_not_given_to_the_next():
    published = wsdl.Wsdl(PATH, "number", None, ("*",), "localhost")

    found = [
        addresses(published.respond(Request("GET", PATH, "wsdl", {}, "127.0.0.1", host=host)).body)
        for host in ("evil.example", "vats.example.ru")
    ]

    assert found == [{f"http://evil.example{PATH}"}, {f"http://vats.example.ru{PATH}"}]


def test_a_client_that_has_it_is_told_so():
    etag = ask()[1]["ETag"]

    assert ask(if_none_match=etag)[::2] == (304, b"")
    assert ask(if_none_match=f'"other", W/{etag}')[0] == 304
    assert ask(if_none_match='"other"')[0] == 200
    assert ask(host="192.168.0.5", if_none_match=etag)[0] == 200


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsDL=", "wsdl=1", "a=b&WSDL"])
def test_it_is_asked_for_in_any_case(query):
    assert wsdl.Wsdl.is_asked_for(query)


@pytest.mark.parametrize("query", ["", "xsd", "notwsdl", "a=wsdl"])
def test_anything_else_does_not_ask_for_it(query):
    assert not wsdl.Wsdl.is_asked_for(query)
