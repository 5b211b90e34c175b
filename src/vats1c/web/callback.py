"""Click-to-call: the VATS rings an employee, then connects a number."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

from vats1c.directory import DirectoryError
from vats1c.directory.http_client import HttpClient, checked_url, status_error

_TIMEOUT_S = 10.0
# The meanings of the error codes in an answer FAIL, from the vendor's page.
_REASONS = {
    "1": ("телефон не зарегистрирован", "the phone is not registered"),
    "2": ("неверный ключ", "the key is wrong"),
    "3": ("неверный номер", "the number is wrong"),
    "4": ("внутренняя ошибка ВАТС", "an internal error of the VATS"),
    "5": ("у ключа нет абонента", "the key has no subscriber"),
}


def click_to_call(url: str) -> Callable[[str, str], None]:
    """Return a function ring(key, number) that requests a call through the VATS's API at `url`.

    The VATS rings the employee whose key is `key`, then `number` ("89235292926"; vendor's page: CallToSubscriber).
    `ring` raises DirectoryError if the VATS refuses or does not answer. Raises DirectoryError for a malformed `url`.
    """
    checked_url(url)
    client = HttpClient({"url": url}, {"Accept": "application/json"}, _TIMEOUT_S)

    def ring(key: str, number: str) -> None:
        answer = client.ask(f"{url}?{urlencode({'key': key, 'outboundNumber': number})}")
        if answer.status != 200:  # noqa: PLR2004 - an HTTP status
            raise status_error(answer.status)
        try:
            reply = json.loads(answer.body)
            result, code = reply["result"], str(reply.get("code", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DirectoryError("ВАТС ответила непонятно", "the VATS's answer cannot be read") from error
        if result != "SUCCESS":
            ru, en = _REASONS.get(code, ("ВАТС отказала", "the VATS refused"))
            raise DirectoryError(ru, en)

    return ring
