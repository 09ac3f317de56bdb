"""The API for a partner's programs: ask, watch, forget. Its shape is stable (OpenAPI)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from protocol.encoding import decode_base64url, encode_base64url, read_json_object
from protocol.errors import InvalidRequest, raised_as
from protocol.mdoc.session import MAX_SESSION_MESSAGE
from protocol.oid4vp.client_id import Prefix
from runtime.api_keys import find_api_key
from runtime.asgi import bearer_key
from runtime.driver import Driver
from runtime.routes import Router
from verifier.acting import Acting
from verifier.other_ways import Asker
from verifier.service import Verifier
from verifier.service.requests import RequestOrder, ResponseMode
from verifier.service.results import Result
from verifier.session import Verdict
from verifier.use_case import read_question

MAX_CODE = 200  # characters of a response code
MAX_WALLET_CODE = 8000  # characters of an engagement


class RequestBody(BaseModel):
    """What to ask: a use case by its name, or a query of your own."""

    model_config = ConfigDict(extra="ignore")

    use_case: str | None = Field(default=None, max_length=100)
    dcql_query: dict[str, JsonValue] | None = None
    response_mode: ResponseMode = "direct_post.jwt"
    client_id_prefix: Prefix = Prefix.X509_HASH
    same_device: bool = Field(
        default=False, description="the wallet is on the person's own device: it leads them on after their answer"
    )
    redirect_uri: str | None = Field(
        default=None,
        max_length=2000,
        description="with same_device: your https page to lead the person back to; `response_code` is added to it, and "
        "the result is handed out only with that code. Without it they come to a page of ours that shows nothing",
    )
    for_another: bool = Field(
        default=False,
        description="whoever answers acts for another: the proof of it, which the use case lets people leave out, is needed. "
        "In person it is asked for in no other way",
    )


class RequestMade(BaseModel):
    """A request that waits for a wallet."""

    id: str
    uri: str = Field(description="the link for wallets")
    request_uri: str | None = Field(description="null: the link holds the request itself")
    qr_svg_url: str
    expires_at: int = Field(description="epoch seconds")


class CheckLine(BaseModel):
    """One check of the verdict."""

    check: str = Field(
        description="authentic, holder_bound, this_request, trusted_issuer, valid_now, status, query_complete"
    )
    passed: bool | None = Field(description="null: not reached, or not asked")
    reason: str = Field(description="why it did not pass; empty if it did")
    as_of: int | None = Field(
        default=None,
        description="epoch seconds: when what it hangs on was looked up, such as a status; null: no such thing",
    )


class ActingBody(BaseModel):
    """Who acted for whom, by a proof that was checked."""

    who: dict[str, JsonValue] = Field(description="family_name, given_name, birthdate")
    relation: str = Field(description="parent, guardian or employee")
    whom: dict[str, JsonValue] = Field(description="a person as above, or a company: name, register_number, country")
    area: str = Field(description="what for")
    called: dict[str, str] = Field(description="language → what people call that")
    areas: list[str] = Field(description="all that the proof is good for")
    alone: bool = Field(description="whether one signature is enough")
    until: str | None = Field(description="the last day, YYYY-MM-DD")
    checked_by: str = Field(description="the office whose proof it is")


class VerdictBody(BaseModel):
    """What was found, check by check."""

    accepted: bool
    checks: list[CheckLine]
    issuers: dict[str, list[str]] = Field(description="query id → who issued what was presented")
    disclosed_more_than_asked: list[str] = Field(description="ids of queries; what was not asked was dropped")
    holders: int = Field(description="how many keys presented; more than one need not be one person")
    acting: ActingBody | None = Field(
        default=None, description="who acted for whom, once the claims may be read; null: everybody for themselves"
    )


class RequestState(BaseModel):
    """Where a request stands."""

    id: str
    use_case: str = Field(description="empty: a query of your own")
    state: str = Field(
        description="requested, opened, answered (give response_code to see the result), accepted, refused, declined or "
        "expired"
    )
    verdict: VerdictBody | None = None
    claims: dict[str, JsonValue] | None = Field(
        default=None, description="of an accepted answer: query id → the claims of each presentation, as asked"
    )
    error: str = Field(default="", description="the wallet's own code, when it declined")
    expires_at: int = Field(description="epoch seconds: until then a wallet can answer")
    receipt_id: str | None = Field(
        default=None, description="of an accepted answer: with it your systems log what they do with the claims"
    )
    receipt: dict[str, object] | None = Field(
        default=None, description="what whoever answered was told in their receipt; without the key by which they ask"
    )


class WalletCode(BaseModel):
    """What a scanner read off the screen of somebody's wallet."""

    code: str = Field(max_length=MAX_WALLET_CODE, description="`mdoc:` and base64url (ISO/IEC 18013-5)")


class Meeting(BaseModel):
    """A wallet that is asked in person."""

    relayed: bool = Field(
        description="the question lies at the relay that the wallet named; its answer comes by itself"
    )
    message: str = Field(description="base64url: for the wallet, where there is no relay, such as by moving codes")


class MeetingAnswer(BaseModel):
    """What the wallet that was met answers, where it comes another way than by a relay."""

    message: str = Field(max_length=2 * MAX_SESSION_MESSAGE, description="base64url")


def partner_api(verifier: Verifier, driver: Driver) -> Router:
    """Everything a partner's programs call; each route asks for an API key."""
    described = HTTPBearer(auto_error=False, description="an API key of `hoheit verifier api-key`")
    router = Router(prefix="/api", tags=["partner"], dependencies=[Depends(described)])

    @router.post("/requests", status_code=201)
    async def make_request(body: RequestBody, by: Owner) -> RequestMade:
        """Ask a question; show its QR code or link to the person."""
        with raised_as(InvalidRequest):
            query = read_question(body.dcql_query, "dcql_query") if body.dcql_query is not None else None
        order = RequestOrder(
            use_case=body.use_case,
            query=query,
            owner=by,
            response_mode=body.response_mode,
            prefix=body.client_id_prefix,
            same_device=body.same_device,
            redirect_uri=body.redirect_uri or "",
            for_another=body.for_another,
        )
        made = await driver.run(verifier.requests.make(order))
        return RequestMade(
            id=made.id,
            uri=made.uri,
            request_uri=made.request_uri or None,
            qr_svg_url=made.qr_svg,
            expires_at=made.expires_at,
        )

    @router.get("/requests/{request_id}")
    async def request_state(
        request_id: str, by: Owner, response_code: Annotated[str, Query(max_length=MAX_CODE)] = ""
    ) -> RequestState:
        """Where a request stands; then the verdict and the disclosed claims."""
        await driver.run(verifier.meetings.look(request_id, Asker(owner=by)))
        return state_of(await driver.run(verifier.answers.result(request_id, by, response_code)))

    @router.post("/requests/{request_id}/meeting")
    async def meet(request_id: str, body: WalletCode, by: Owner) -> Meeting:
        """Ask in person the wallet whose code your scanner read; then watch the request as any other."""
        asker = Asker(owner=by)
        await driver.run(verifier.meetings.begin(request_id, asker, body.code))
        met = await driver.run(verifier.meetings.met(request_id, asker))
        message = await driver.run(verifier.meetings.message(request_id, asker))
        return Meeting(relayed=met is not None and met.relayed, message=encode_base64url(message))

    @router.post("/requests/{request_id}/meeting/answer", status_code=204)
    async def meeting_answer(request_id: str, body: MeetingAnswer, by: Owner) -> None:
        """Hand in the answer of the wallet that was met, where your scanner read it."""
        with raised_as(InvalidRequest):
            message = decode_base64url(body.message, "message")
        await driver.run(verifier.meetings.answer(request_id, Asker(owner=by), message))

    @router.delete("/requests/{request_id}", status_code=204)
    async def forget_request(request_id: str, by: Owner) -> None:
        """Erase a request and what was answered."""
        await driver.run(verifier.requests.forget(request_id, by))

    return router


async def owner(request: Request) -> str:
    """The digest of the API key that a request carries.

    Raises:
        Unauthorized: no good key.
    """
    state = request.app.state
    found = await state.driver.run(find_api_key(state.verifier.context.store.api_keys, bearer_key(request)))
    return str(found.digest)


Owner = Annotated[str, Depends(owner)]


def state_of(result: Result) -> RequestState:
    """A result as programs read it."""
    return RequestState(
        id=result.id,
        use_case=result.use_case,
        state=result.state,
        verdict=_verdict(result.verdict, result.acting) if result.verdict is not None else None,
        claims=result.disclosed,
        error=result.error,
        expires_at=result.expires_at,
        receipt_id=result.receipt_id or None,
        receipt=dict(read_json_object(result.receipt.encode(), "receipt")) if result.receipt else None,
    )


def acting_body(acting: Acting | None) -> ActingBody | None:
    """Who acted for whom, as programs read it."""
    return ActingBody.model_validate(acting.to_dict()) if acting is not None else None


def _verdict(verdict: Verdict, acting: Acting | None) -> VerdictBody:
    return VerdictBody(
        accepted=verdict.accepted,
        checks=[
            CheckLine(check=line.check, passed=line.passed, reason=line.reason, as_of=line.as_of or None)
            for line in verdict.lines
        ],
        issuers={query_id: list(names) for query_id, names in verdict.issuers},
        disclosed_more_than_asked=list(verdict.surplus),
        holders=verdict.holders,
        acting=acting_body(acting),
    )
