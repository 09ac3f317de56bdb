"""Forms with files in them (`multipart/form-data`, RFC 7578): small ones, read under caps into memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from protocol.errors import InvalidRequest, UnsupportedMediaType
from runtime.asgi import MAX_FIELDS
from runtime.bodies import media_type_of, read_body

MULTIPART = "multipart/form-data"
MAX_FILES = 4
OVERHEAD = 16 * 1024  # bytes of all that is not the file


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form brought. The names that people gave to their files are as they came."""

    fields: dict[str, str] = field(repr=False)
    files: dict[str, bytes] = field(repr=False)
    names: dict[str, str] = field(repr=False)  # of the same files


async def read_upload(request: Request, *, max_bytes: int) -> Upload:
    """A form with files, of `max_bytes` in all, without the wrapping. Empty fields and files count as absent.

    Raises:
        UnsupportedMediaType: another content type.
        TooLarge: more bytes.
        InvalidRequest: it cannot be read, has a name twice, too many parts, or a NUL in a field.
    """
    if media_type_of(request) != MULTIPART:
        raise UnsupportedMediaType(f"the body must be {MULTIPART}")
    body = await read_body(request, max_bytes + OVERHEAD)

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, whole(), max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=len(body) + 1
    )
    # What is in a file stays in memory, and is never written to a disk unencrypted
    parser.spool_max_size = len(body) + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError, LookupError) as error:
        raise InvalidRequest("the form cannot be read") from error
    try:
        pairs = form.multi_items()
        if len({name for name, _ in pairs}) != len(pairs):
            raise InvalidRequest("the form has a parameter twice")
        fields = {name: value for name, value in pairs if isinstance(value, str) and value}
        if any("\x00" in name or "\x00" in value for name, value in fields.items()):
            raise InvalidRequest("the form holds a NUL")
        files = {name: await value.read() for name, value in pairs if isinstance(value, UploadFile)}
        names = {name: value.filename or "" for name, value in pairs if isinstance(value, UploadFile)}
        brought = {name: content for name, content in files.items() if content}
        return Upload(fields, brought, {name: names[name] for name in brought})
    finally:
        await form.close()
