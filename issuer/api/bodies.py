"""What the routes of the administration API share: who asks, and how bodies are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field, ValidationError

from issuer.register import MAX_SUBJECT
from protocol.encoding import JsonObject
from runtime.api_keys import find_api_key
from runtime.asgi import bearer_key, read_json_body

MAX_ADMIN_BODY = 64 * 1024  # bytes
M = TypeVar("M", bound=BaseModel)

# T224: no database takes a NUL
Subject = Annotated[str, Field(min_length=1, max_length=MAX_SUBJECT, pattern=r"^[^\x00]+$")]

KEY = HTTPBearer(scheme_name="API key", description="made by `hoheit issuer api-key`", auto_error=False)


async def keyholder(request: Request) -> str:
    """The name of the API key that a request carries.

    Raises:
        Unauthorized: no good key.
    """
    state = request.app.state
    found = await state.driver.run(find_api_key(state.issuer.context.store.api_keys, bearer_key(request)))
    return str(found.name)


async def actor(request: Request, _: Annotated[object, Security(KEY)]) -> str:
    """See `keyholder`; and the interface says that a key is needed."""
    return await keyholder(request)


Actor = Annotated[str, Depends(actor)]


def read_body(model: type[M], max_bytes: int = MAX_ADMIN_BODY) -> Callable[[Request], Awaitable[M]]:
    """How a route reads its body: as strictly as everything else that comes in, and only with a good key."""

    async def read(request: Request) -> M:
        value = await read_json_body(request, "body", max_bytes=max_bytes)
        try:
            return model.model_validate(value)
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False, include_context=False)
            raise RequestValidationError([{**line, "loc": ("body", *line["loc"])} for line in found]) from error

    return read


def described(model: type[BaseModel]) -> dict[str, JsonObject]:
    """How a body stands in OpenAPI, since the framework does not read it."""
    schema: JsonObject = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
