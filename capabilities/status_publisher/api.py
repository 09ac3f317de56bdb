"""Where status lists are fetched (Token Status List §8.1)."""

from __future__ import annotations

from fastapi import Request, Response

from capabilities.status_publisher.service import StatusLists
from protocol.status.token import MEDIA_TYPE
from runtime.driver import Driver
from runtime.endpoints import Endpoints


def add_status_lists(endpoints: Endpoints, lists: StatusLists, driver: Driver, path: str) -> None:
    """Serve the lists below `<path>/status/`."""
    cache_control = f"public, max-age={lists.publisher.lifetimes.ttl}"

    @endpoints.get(f"{path}/status/{{list_id}}")
    async def status_list(request: Request) -> Response:
        published = await driver.run(lists.publish(request.path_params["list_id"]))
        headers = {"etag": f'"{published.etag}"', "cache-control": cache_control}
        if knows(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(published.token, media_type=MEDIA_TYPE, headers=headers)


def knows(request: Request, etag: str) -> bool:
    """Whether a client has this version already (RFC 9110 §13.1.2, by weak comparison)."""
    known = (tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(","))
    return any(tag in (etag, "*") for tag in known)
