"""Have the VATS ring an employee and then a number: its click-to-call."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

from vats1c.directory import DirectoryError
from vats1c.directory.http_client import HttpClient, checked_url, status_error

_TIMEOUT = 10.0
# What the vendor's page says of the codes of a FAIL.
_REASONS = {
    "1": ("телефон не зарегистрирован", "the phone is not registered"),
    "2": ("неверный ключ", "the key is wrong"),
    "3": ("неверный номер", "the number is wrong"),
    "4": ("внутренняя ошибка ВАТС", "an internal error of the VATS"),
    "5": ("у ключа нет абонента", "the key has no subscriber"),
}


def click_to_call(url: str) -> Callable[[str, str], None]:
    """Return what rings the owner of a key and then a number ("89235292926") through the VATS's API at `url`.

    It raises DirectoryError when the VATS refuses or does not answer (vendor's page: CallToSubscriber).
    """
    checked_url(url)
    exchange = HttpClient({"url": url}, {"Accept": "application/json"}, _TIMEOUT)

    def ring(key: str, number: str) -> None:
        answer = exchange.ask(f"{url}?{urlencode({'key': key, 'outboundNumber': number})}")
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
            raise status_error(answer.status)
        try:
            said = json.loads(answer.body)
            result, code = said["result"], str(said.get("code", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DirectoryError("ВАТС ответила непонятно", "the VATS's answer cannot be read") from error
        if result != "SUCCESS":
            ru, en = _REASONS.get(code, ("ВАТС отказала", "the VATS refused"))
            raise DirectoryError(ru, en)

    return ring
