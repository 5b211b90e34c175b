"""The base of the models of testers' requests, and the error for requests that cannot be carried out."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vats1c.config import Unusable
from vats1c.messages import Message

Model = TypeVar("Model", bound=BaseModel)


class StagingError(Exception):
    """A tester's request cannot be carried out: `code` is for programs ("taken", "full", …), `message` for people."""

    def __init__(self, code: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.message = Message(ru, en)


class StrictModel(BaseModel):
    """An immutable model of a tester's JSON; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def validated(model: type[Model], data: dict[str, Any]) -> Model:
    """Return the JSON object `data` as an instance of `model`. Raises StagingError if it is invalid."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise unusable(error) from None


def unusable(error: ValidationError) -> StagingError:
    """Return the first problem of `error` as a StagingError, without the sent value, which may be a password."""
    detail = error.errors(include_input=False, include_url=False)[0]
    cause = detail.get("ctx", {}).get("error")
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    if isinstance(cause, Unusable):
        return StagingError(
            "unusable", f"{key}: {cause.message.ru}".lstrip(": "), f"{key}: {cause.message.en}".lstrip(": ")
        )
    text = detail["msg"]
    return StagingError("unusable", f"{key}: недопустимое значение: {text}", f"{key}: unusable: {text}")
