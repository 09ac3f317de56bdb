"""Where everybody fetches heads and how a log grew. Neither says anything about anybody."""

from __future__ import annotations

import re

from fastapi import Request, Response

from capabilities.usage_log.service import UsageLog, no_such_log
from protocol.encoding import encode_json
from protocol.sovereignty.merkle import MAX_SIZE
from runtime.driver import Driver
from runtime.endpoints import Endpoints

MEDIA_TYPE = "application/jwt"
MAX_AGE = 86_400  # seconds: how a log grew between two heads stays so
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


def add_usage_log(endpoints: Endpoints, usage: UsageLog, driver: Driver, path: str) -> None:
    """Serve `<path>/head` and `<path>/consistency`."""

    @endpoints.get(f"{path}/head")
    async def head(request: Request) -> Response:
        published = await driver.run(usage.head(_log(request)))
        headers = {"cache-control": f"public, max-age={published.max_age}"}
        return Response(published.token, media_type=MEDIA_TYPE, headers=headers)

    @endpoints.get(f"{path}/consistency")
    async def consistency(request: Request) -> Response:
        growth = await driver.run(usage.consistency(_log(request), _size(request, "from"), _size(request, "to")))
        headers = {"cache-control": f"public, max-age={MAX_AGE}"}
        return Response(encode_json(growth.to_dict()), media_type="application/json", headers=headers)


def _log(request: Request) -> str:
    log = request.query_params.get("log", "")
    if not _YEAR.fullmatch(log):
        raise no_such_log()
    return log


def _size(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not _SIZE.fullmatch(text) or int(text) > MAX_SIZE:
        raise no_such_log()
    return int(text)
