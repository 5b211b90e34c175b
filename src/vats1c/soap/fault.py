"""SOAP faults: the reason why a request is refused, rendered as an envelope of the request's SOAP version."""

from html import escape
from typing import Literal

from vats1c.messages import Language, Message
from vats1c.xmlsafe import SOAP11, SOAP12

CONTENT_TYPES = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}

Code = Literal["Client", "Server", "MustUnderstand", "VersionMismatch"]
# SOAP 1.2 part 1, §5.4.6 renamed two of the codes of SOAP 1.1 §4.4.1.
_CODES12 = {"Client": "Sender", "Server": "Receiver"}


class SoapFault(Exception):  # noqa: N818 - *fault* is SOAP's own word
    """The error of a request that is answered with a SOAP fault; `ru` and `en` are its text in both languages.

    `code` is a fault code of SOAP 1.1 §4.4.1. `reason` is a short word for logs and metrics; it contains no text of the
    request.
    `version` is the envelope namespace of the answer, None if it is not yet known.
    """

    def __init__(
        self, code: Code, reason: str, ru: str, en: str, *, status: int = 500, version: str | None = None
    ) -> None:
        super().__init__(en)
        self.code: Code = code
        self.reason = reason
        self.message = Message(ru, en)
        self.status = status
        self.version = version


def to_xml(fault: SoapFault, version: str, language: Language) -> bytes:
    """Return the fault as an envelope of `version` (SOAP11 or SOAP12), UTF-8, without an XML declaration.

    SOAP 1.1 §4.4; SOAP 1.2 part 1, §5.4. Where these standards leave a choice, the form is our own, because no
    fault of a real 1C has been published.
    """
    if version == SOAP12:
        body = (
            f"<soap:Code><soap:Value>soap:{_CODES12.get(fault.code, fault.code)}</soap:Value></soap:Code>"
            f"<soap:Reason>{_texts12(fault.message, language)}</soap:Reason>"
        )
    else:
        text = escape(fault.message.said(language), quote=False)
        body = f"<faultcode>soap:{fault.code}</faultcode><faultstring>{text}</faultstring>"
    return (
        f'<soap:Envelope xmlns:soap="{version}"><soap:Body><soap:Fault>{body}</soap:Fault></soap:Body></soap:Envelope>'
    ).encode()


def _texts12(message: Message, language: Language) -> str:
    # SOAP 1.2 part 1, §5.4.2: one text element for each language.
    texts = {"ru": message.ru, "en": message.en}
    languages = ("ru", "en") if language == "both" else (language,)
    return "".join(f'<soap:Text xml:lang="{one}">{escape(texts[one], quote=False)}</soap:Text>' for one in languages)
