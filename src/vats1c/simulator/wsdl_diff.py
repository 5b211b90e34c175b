"""Compare two WSDLs by meaning: namespaces, operations, message parts and types.

Rule: the order of definitions, prefixes, white space, documentation and the service's address are ignored; the order
of parameters is compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from vats1c.xmlsafe import XSD

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_BINDINGS = {"http://schemas.xmlsoap.org/wsdl/soap/": "soap", "http://schemas.xmlsoap.org/wsdl/soap12/": "soap12"}
# Values of omitted attributes (XML Schema part 1, §3.3.2; WSDL 1.1, §3.3).
_DEFAULTS = {"minOccurs": "1", "maxOccurs": "1", "nillable": "false"}
_PARTICLES = frozenset({"sequence", "all", "choice"})

# A WSDL as flat facts: name such as "message SayName part parameters" → value such as "element {http://VATS}SayName".
Facts = dict[str, str]


@dataclass(frozen=True, slots=True)
class WsdlDifference:
    """A fact named `what` that differs: its value in each WSDL, None where a WSDL lacks it."""

    what: str
    first: str | None
    second: str | None


def facts(root: etree._Element) -> Facts:
    """Return the facts of the WSDL with the root element `root`. Raises ValueError unless it is WSDL 1.1."""
    if root.tag != f"{{{_WSDL}}}definitions":
        raise ValueError("definitions")
    result = {"targetNamespace": root.get("targetNamespace", "")}
    for collect in (_schemas, _messages, _port_types, _bindings, _services):
        result.update(collect(root))
    return result


def operations(root: etree._Element) -> set[str]:
    """Return the names of the operations of all port types."""
    return {operation.get("name", "") for operation in root.findall(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")}


def differences(first: Facts, second: Facts) -> list[WsdlDifference]:
    """Return the facts that differ, sorted by name."""
    return [
        WsdlDifference(what, first.get(what), second.get(what))
        for what in sorted({*first, *second})
        if first.get(what) != second.get(what)
    ]


def _schemas(root: etree._Element) -> Iterator[tuple[str, str]]:
    for schema in root.findall(f"{{{_WSDL}}}types/{{{XSD}}}schema"):
        namespace = schema.get("targetNamespace", "")
        yield f"schema {namespace} elementFormDefault", schema.get("elementFormDefault", "unqualified")
        for child in schema:
            name = f"{{{namespace}}}{child.get('name', child.get('namespace', ''))}"
            yield f"{_local(child)} {name}", _content(child)


def _content(element: etree._Element) -> str:
    """Return the type of an element, or its child declarations, in one line."""
    type_name = element.get("type") or element.get("ref") or element.get("base")
    parts = [
        _parameter(child) if _local(child) in ("element", "attribute") else _content(child)
        for child in _children(element)
    ]
    if _local(element) == "all":
        parts.sort()
    kind = _local(element)
    text = ", ".join(parts)
    if kind in _PARTICLES:
        return f"{kind}({text})"
    return " ".join(
        part for part in (_qualified(element, type_name) if type_name else "", element.get("value", ""), text) if part
    )


def _parameter(element: etree._Element) -> str:
    attributes = {name: element.get(name, default) for name, default in _DEFAULTS.items()}
    # xs:boolean has two spellings of each value.
    attributes["nillable"] = {"1": "true", "0": "false"}.get(attributes["nillable"], attributes["nillable"])
    non_default = [f"{name}={value}" for name, value in attributes.items() if value != _DEFAULTS[name]]
    return " ".join([f"{element.get('name', '')}: {_content(element)}".strip(), *non_default])


def _messages(root: etree._Element) -> Iterator[tuple[str, str]]:
    for message in root.findall(f"{{{_WSDL}}}message"):
        for part in message.findall(f"{{{_WSDL}}}part"):
            kind = "element" if part.get("element") else "type"
            yield f"message {message.get('name')} part {part.get('name')}", f"{kind} {_attribute(part, kind)}"


def _port_types(root: etree._Element) -> Iterator[tuple[str, str]]:
    for port_type in root.findall(f"{{{_WSDL}}}portType"):
        for operation in port_type.findall(f"{{{_WSDL}}}operation"):
            # Keep the document order: the order of input and output distinguishes the four transmission types, such as
            # notification (WSDL 1.1, §2.4).
            messages = [f"{_local(child)} {_attribute(child, 'message')}" for child in _children(operation)]
            yield f"portType {port_type.get('name')} operation {operation.get('name')}", ", ".join(messages)


def _bindings(root: etree._Element) -> Iterator[tuple[str, str]]:
    for binding in root.findall(f"{{{_WSDL}}}binding"):
        name = f"binding {binding.get('name')}"
        yield f"{name} type", _attribute(binding, "type")
        style = "document"
        for extension in _soap(binding, "binding"):
            style = extension.get("style", style)
            yield f"{name} protocol", f"{_protocol(extension)}, transport {extension.get('transport', '')}"
        for operation in binding.findall(f"{{{_WSDL}}}operation"):
            operation_name = f"{name} operation {operation.get('name')}"
            for extension in _soap(operation, "operation"):
                yield operation_name, f"{extension.get('style', style)}, soapAction {extension.get('soapAction', '')}"
            for direction in _children(operation):
                for body in _soap(direction, "body"):
                    yield f"{operation_name} {_local(direction)}", f"use {body.get('use', '')}"


def _services(root: etree._Element) -> Iterator[tuple[str, str]]:
    for service in root.findall(f"{{{_WSDL}}}service"):
        for port in service.findall(f"{{{_WSDL}}}port"):
            kinds = ", ".join(_protocol(extension) for extension in _soap(port, "address"))
            yield f"service {service.get('name')} port {port.get('name')}", f"{_attribute(port, 'binding')} ({kinds})"


def _children(element: etree._Element) -> list[etree._Element]:
    """Return the child elements of WSDL and XML Schema, without documentation."""
    return [
        child
        for child in element
        if _namespace(child) in (XSD, _WSDL) and _local(child) not in ("documentation", "annotation")
    ]


def _soap(element: etree._Element, name: str) -> list[etree._Element]:
    """Return the child elements `name` of the SOAP bindings."""
    return [child for child in element if _namespace(child) in _BINDINGS and _local(child) == name]


def _protocol(element: etree._Element) -> str:
    return _BINDINGS[_namespace(element)]


def _attribute(element: etree._Element, name: str) -> str:
    return _qualified(element, element.get(name, ""))


def _qualified(element: etree._Element, value: str) -> str:
    """Return the QName `value` as "{namespace}name", or "xs:name" for a name of XML Schema."""
    prefix, _, name = value.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None, "")
    return f"xs:{name}" if namespace == XSD else f"{{{namespace}}}{name}"


def _namespace(element: etree._Element) -> str:
    return etree.QName(element).namespace or ""


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname
