"""Compare two WSDLs by what they promise: namespaces, operations, parts and types; not by how they are written down.

Rule: the order of definitions, prefixes, white space, documentation and the address do not count; the order of
parameters does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_BINDINGS = {"http://schemas.xmlsoap.org/wsdl/soap/": "soap", "http://schemas.xmlsoap.org/wsdl/soap12/": "soap12"}
# What an attribute that is left out means (XML Schema part 1, §3.3.2; WSDL 1.1, §3.3).
_DEFAULTS = {"minOccurs": "1", "maxOccurs": "1", "nillable": "false"}
_PARTICLES = frozenset({"sequence", "all", "choice"})

Facts = dict[str, str]


@dataclass(frozen=True, slots=True)
class WsdlDifference:
    """What two WSDLs say differently of `what`; None where one says nothing of it."""

    what: str
    first: str | None
    second: str | None


def facts(root: etree._Element) -> Facts:
    """Return what the WSDL whose root is `root` promises, by name. Raises ValueError where it is no WSDL 1.1."""
    if root.tag != f"{{{_WSDL}}}definitions":
        raise ValueError("definitions")
    found = {"targetNamespace": root.get("targetNamespace", "")}
    for gathered in (_schemas, _messages, _port_types, _bindings, _services):
        found.update(gathered(root))
    return found


def operations(root: etree._Element) -> set[str]:
    """Return the names of the operations of all port types."""
    return {one.get("name", "") for one in root.findall(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")}


def differences(first: Facts, second: Facts) -> list[WsdlDifference]:
    """Return what differs, by name."""
    return [
        WsdlDifference(what, first.get(what), second.get(what))
        for what in sorted({*first, *second})
        if first.get(what) != second.get(what)
    ]


def _schemas(root: etree._Element) -> Iterator[tuple[str, str]]:
    for schema in root.findall(f"{{{_WSDL}}}types/{{{_XSD}}}schema"):
        namespace = schema.get("targetNamespace", "")
        yield f"schema {namespace} elementFormDefault", schema.get("elementFormDefault", "unqualified")
        for child in schema:
            name = f"{{{namespace}}}{child.get('name', child.get('namespace', ''))}"
            yield f"{_local(child)} {name}", _content(child)


def _content(element: etree._Element) -> str:
    """Return the type of an element, or what is inside it, in one line."""
    named = element.get("type") or element.get("ref") or element.get("base")
    inside = [
        _parameter(child) if _local(child) in ("element", "attribute") else _content(child)
        for child in _children(element)
    ]
    if _local(element) == "all":
        inside.sort()
    kind = _local(element)
    text = ", ".join(inside)
    if kind in _PARTICLES:
        return f"{kind}({text})"
    return " ".join(
        part for part in (_qualified(element, named) if named else "", element.get("value", ""), text) if part
    )


def _parameter(element: etree._Element) -> str:
    given = {name: element.get(name, usual) for name, usual in _DEFAULTS.items()}
    # xs:boolean has two spellings of each value.
    given["nillable"] = {"1": "true", "0": "false"}.get(given["nillable"], given["nillable"])
    more = [f"{name}={value}" for name, value in given.items() if value != _DEFAULTS[name]]
    return " ".join([f"{element.get('name', '')}: {_content(element)}".strip(), *more])


def _messages(root: etree._Element) -> Iterator[tuple[str, str]]:
    for message in root.findall(f"{{{_WSDL}}}message"):
        for part in message.findall(f"{{{_WSDL}}}part"):
            what = "element" if part.get("element") else "type"
            yield f"message {message.get('name')} part {part.get('name')}", f"{what} {_attribute(part, what)}"


def _port_types(root: etree._Element) -> Iterator[tuple[str, str]]:
    for port_type in root.findall(f"{{{_WSDL}}}portType"):
        for operation in port_type.findall(f"{{{_WSDL}}}operation"):
            # In their order: it tells a request from a notification (WSDL 1.1, §2.4).
            said = [f"{_local(one)} {_attribute(one, 'message')}" for one in _children(operation)]
            yield f"portType {port_type.get('name')} operation {operation.get('name')}", ", ".join(said)


def _bindings(root: etree._Element) -> Iterator[tuple[str, str]]:
    for binding in root.findall(f"{{{_WSDL}}}binding"):
        name = f"binding {binding.get('name')}"
        yield f"{name} type", _attribute(binding, "type")
        style = "document"
        for own in _soap(binding, "binding"):
            style = own.get("style", style)
            yield f"{name} protocol", f"{_protocol(own)}, transport {own.get('transport', '')}"
        for operation in binding.findall(f"{{{_WSDL}}}operation"):
            below = f"{name} operation {operation.get('name')}"
            for own in _soap(operation, "operation"):
                yield below, f"{own.get('style', style)}, soapAction {own.get('soapAction', '')}"
            for direction in _children(operation):
                for body in _soap(direction, "body"):
                    yield f"{below} {_local(direction)}", f"use {body.get('use', '')}"


def _services(root: etree._Element) -> Iterator[tuple[str, str]]:
    for service in root.findall(f"{{{_WSDL}}}service"):
        for port in service.findall(f"{{{_WSDL}}}port"):
            kinds = ", ".join(_protocol(own) for own in _soap(port, "address"))
            yield f"service {service.get('name')} port {port.get('name')}", f"{_attribute(port, 'binding')} ({kinds})"


def _children(element: etree._Element) -> list[etree._Element]:
    """Return the elements inside, documentation and extensions of others left out."""
    own = (_XSD, _WSDL)
    return [one for one in element if _namespace(one) in own and _local(one) not in ("documentation", "annotation")]


def _soap(element: etree._Element, name: str) -> list[etree._Element]:
    return [one for one in element if _namespace(one) in _BINDINGS and _local(one) == name]


def _protocol(element: etree._Element) -> str:
    return _BINDINGS[_namespace(element)]


def _attribute(element: etree._Element, name: str) -> str:
    return _qualified(element, element.get(name, ""))


def _qualified(element: etree._Element, value: str) -> str:
    """Return a QName with its namespace in place of its prefix; XML Schema's own are "xs:"."""
    prefix, _, name = value.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None, "")
    return f"xs:{name}" if namespace == _XSD else f"{{{namespace}}}{name}"


def _namespace(element: etree._Element) -> str:
    return etree.QName(element).namespace or ""


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname
