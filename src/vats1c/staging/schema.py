"""What testers send, as models; what is wrong with it, as an error for people and programs."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vats1c.config import Unusable
from vats1c.messages import Message

Model = TypeVar("Model", bound=BaseModel)


class StagingError(Exception):
    """Something that cannot be made or changed: a code for programs ("taken", "full", …), a sentence for people."""

    def __init__(self, code: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.message = Message(ru, en)


class StrictModel(BaseModel):
    """What was sent; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def validated(model: type[Model], given: dict[str, Any]) -> Model:
    """Return `given` as `model`. Raises StagingError for what cannot be used."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise unusable(error) from None


def unusable(error: ValidationError) -> StagingError:
    """Return what is wrong, without what was sent: passwords may be among it."""
    detail = error.errors(include_input=False, include_url=False)[0]
    own = detail.get("ctx", {}).get("error")
    key = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in detail["loc"]).lstrip(".")
    if isinstance(own, Unusable):
        return StagingError(
            "unusable", f"{key}: {own.message.ru}".lstrip(": "), f"{key}: {own.message.en}".lstrip(": ")
        )
    said = detail["msg"]
    return StagingError("unusable", f"{key}: недопустимое значение: {said}", f"{key}: unusable: {said}")
