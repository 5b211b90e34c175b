"""What every refusal on the SOAP path has in common."""

from lxml import etree

from tests.support.live import SOAP11

KINDS = {
    "text/xml; charset=utf-8": SOAP11,
    "application/soap+xml; charset=utf-8": "http://www.w3.org/2003/05/soap-envelope",
}
CODES12 = {"Client": "Sender", "Server": "Receiver"}


def assert_fault(answer, status=500, code="Client", version=SOAP11):
    """Check that `answer` is a SOAP fault with `code` (any when None) and both halves of its text, and nothing else."""
    assert answer.status == status, answer.text
    assert KINDS[answer.headers["content-type"]] == version
    envelope = etree.fromstring(answer.body)
    assert envelope.tag == f"{{{version}}}Envelope"
    fault = envelope.find("{*}Body/{*}Fault")
    if version == SOAP11:
        assert code is None or fault.findtext("faultcode") == f"soap:{code}"
        russian, _, english = fault.findtext("faultstring").partition(" / ")
    else:
        assert fault.findtext("{*}Code/{*}Value") == f"soap:{CODES12.get(code, code)}"
        russian, english = (text.text for text in fault.findall("{*}Reason/{*}Text"))
    assert any("а" <= letter <= "я" for letter in russian.lower())
    assert any("a" <= letter <= "z" for letter in english.lower())
    assert "Traceback" not in answer.text
    assert "<html" not in answer.text.lower()
