"""Files for the answer to a request about rights, one by one, by a party's own systems: larger than a JSON body may be.

Each is encrypted to the citizen before it is kept, and goes out with the answer (docs/decisions/0066).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from fastapi import Depends, Request
from fastapi.params import Depends as DependsOn
from pydantic import BaseModel, Field

from capabilities.cockpit.attached import MAX_FILE
from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.rights_case import RightsCase
from protocol.encoding import JsonObject, encode_base64url, sha256
from protocol.errors import InvalidRequest, TooLarge
from protocol.exchange import Exchange
from protocol.sovereignty.rights_answer import AnsweredFile
from runtime.driver import Driver
from runtime.routes import Router, large_bodies
from runtime.uploads import MULTIPART, OVERHEAD, read_upload

FILE = "file"  # the one part of the form
_SCHEMA: JsonObject = {
    "type": "object",
    "required": [FILE],
    "properties": {
        FILE: {
            "type": "string",
            "format": "binary",
            "description": f"with its name, of which the ending says what it is; {MAX_FILE} bytes at most",
        }
    },
}
_DESCRIBED = {"requestBody": {"required": True, "content": {MULTIPART: {"schema": _SCHEMA}}}}

Known = Callable[[Request], Awaitable[str]]  # who asks, by the key of a request; raises Unauthorized


class FilesOfAnswers(Protocol):
    """The part of a role's desk that files go to; see `capabilities.cockpit.desk.RequestsAtDesk`."""

    def attach(self, id_: str, new: NewFile, *, actor: str) -> Exchange[RightsCase]:
        """Add a file to what will be handed out."""

    def detach(self, id_: str, hash_: str, *, actor: str) -> Exchange[RightsCase]:
        """Take a file back that was not sent."""


class FileAdded(BaseModel):
    """A file that waits for the answer."""

    hash: str = Field(description="SHA-256 of its content, base64url: by this it is taken back")
    size: int = Field(description="bytes")


class FileShown(FileAdded):
    """A file that was added to the answer."""

    name: str
    type: str = Field(description="media type")
    sent: bool = Field(description="an answer named it, so that it cannot be taken back")


def shown(files: tuple[AnsweredFile, ...], sent: frozenset[str]) -> list[FileShown]:
    """The files of a request; `sent` are the hashes of those that went out."""
    return [
        FileShown(hash=one.hash, size=one.size, name=one.name, type=one.media_type, sent=one.hash in sent)
        for one in files
    ]


def add_files(
    router: Router, desk: FilesOfAnswers, driver: Driver, known: Known, described: Sequence[DependsOn] = ()
) -> None:
    """Add `/rights/{request}/files` to what a role's systems call; `described`: how its interface says that a key is needed."""

    async def add(request: str, asked: Request, by: str = Depends(known)) -> FileAdded:
        """Add a file to the answer, encrypted to the citizen who asked. It goes out with the next answer, and not before."""
        new = await _read(asked)
        await driver.run(desk.attach(request, new, actor=by))
        return FileAdded(hash=encode_base64url(sha256(new.content)), size=len(new.content))

    path = "/rights/{request}/files"
    large = large_bodies(known, MAX_FILE + OVERHEAD)
    router.add_api_route(
        path,
        add,
        methods=["POST"],
        status_code=201,
        openapi_extra=_DESCRIBED,
        dependencies=described,
        route_class_override=large,
    )

    @router.delete(f"{path}/{{file}}", status_code=204, dependencies=described)
    async def remove(request: str, file: str, by: str = Depends(known)) -> None:
        """Take a file back that no answer named so far."""
        await driver.run(desk.detach(request, file, actor=by))


async def _read(request: Request) -> NewFile:
    upload = await read_upload(request, max_bytes=MAX_FILE)
    content = upload.files.get(FILE, b"")
    if not content or len(upload.files) != 1 or upload.fields:
        raise InvalidRequest(f"the form must have one part, the {FILE}, and something in it")
    if len(content) > MAX_FILE:
        raise TooLarge(FILE, f"is larger than {MAX_FILE} bytes")
    return NewFile(upload.names[FILE], content)
