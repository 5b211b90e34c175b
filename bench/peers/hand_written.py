"""The bound of Python: lxml parses, a dict is asked, a template answers; no validation, no faults, no journal."""

from html import escape

from lxml import etree
from served import callers, run

NUMBER = "{http://schemas.xmlsoap.org/soap/envelope/}Body/{http://VATS}SayName/{http://VATS}number"
ANSWER = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<m:SayNameResponse xmlns:m="http://VATS"><m:return xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">%s</m:return></m:SayNameResponse>'
    "</soap:Body></soap:Envelope>"
)
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
CALLERS = callers()


def application(environ, start_response):
    """Answer one request."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    number = etree.fromstring(body, PARSER).find(NUMBER).text
    answer = (ANSWER % escape(CALLERS.get(number, ""), quote=False)).encode()
    start_response("200 OK", [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(answer)))])
    return [answer]


run(application)
