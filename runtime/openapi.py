"""What an interface for programs says of its refusals."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class ErrorAnswer(BaseModel):
    """What every refusal looks like (RFC 6749 §5.2)."""

    error: str
    error_description: str


def with_refusals(schema: dict[str, Any]) -> dict[str, Any]:
    """An interface's description, with each operation's refusal; an interface without operations stays as it is."""
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    if not operations:
        return schema
    answer = {"$ref": "#/components/schemas/ErrorAnswer"}
    refusal = {
        "description": "The request is refused; nothing was changed",
        "content": {"application/json": {"schema": answer}},
    }
    for operation in operations:
        operation["responses"].pop("422", None)  # of FastAPI's own, which no caller of ours ever sees
        operation["responses"]["4XX"] = refusal
    models = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)
    models["ErrorAnswer"] = ErrorAnswer.model_json_schema()
    return schema
