"""Rights over data that a partner holds: what can be asked, asking it, following it, and what is handed out."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Response

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotForThisRequest,
    NotFound,
    ProtocolError,
    TooLarge,
    Unreachable,
    Unsupported,
)
from protocol.sovereignty.letters import ARTICLES
from protocol.sovereignty.rights import HANDS_OUT, MAX_OWN_WORDS, RIGHTS, Right, order_rights
from runtime.routes import Router
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import is_identifying, path_text, receipt_of
from wallet.policy.cockpit.rights import Wish, has_ended, is_overdue, request_of, rights_of, status_of, steps_of
from wallet.policy.cockpit.written import Written, write_letter
from wallet.policy.document_names import namer_of
from wallet.policy.showing import ClaimShown, claims_shown, plain
from wallet.service.cockpit.cockpit import Prepared
from wallet.service.cockpit.rights import Followed, Handed, saved_answer
from wallet.web.activity import Lines, lines
from wallet.web.cockpit import NO_STORE, disclosure_of, download, entry_line, letter_file, request_of_entry
from wallet.web.locked import WhenLocked
from wallet.web.room import Inside, Visit, redirect
from wallet.web.things import RequestWaiting

MAX_CHOICES = 60  # pieces of data among which one can choose; of more, it is all or nothing
_EMPTY: Mapping[str, str] = {}


def rights_pages() -> Router:
    """Every page about rights. Addresses name entries by number and requests by id, and nobody by name (T260)."""
    router = Router(include_in_schema=False)
    _add_asking(router)
    _add_letters(router)
    _add_following(router)
    _add_handing_out(router)
    return router


def _add_asking(router: Router) -> None:
    @router.get("/activity/entry/{number:int}/rights")
    async def choose(visit: Inside, number: int) -> Response:
        shown, who = _entry(visit, number)
        disclosure = visit.wallet.cockpit.of_entry(number)
        return visit.page(
            "rights.html", number=number, who=who, disclosure=disclosure, shown=shown,
            rights=rights_of(disclosure) if disclosure is not None else order_rights(""),
            why=visit.wallet.cockpit.rights.by_letter(disclosure), asked=_asked(disclosure),
        )  # fmt: skip

    @router.get("/activity/entry/{number:int}/rights/{right}")
    async def ask(visit: Inside, number: int, right: str) -> Response:
        return _ask_page(visit, number, _right(right))

    @router.post("/activity/entry/{number:int}/rights/{right}")
    async def send(visit: Inside, number: int, right: str) -> Response:
        form = await visit.form()
        wanted, disclosure = _right(right), disclosure_of(visit, number)
        text = form.get("text", "").strip()
        if len(text) > MAX_OWN_WORDS:
            return _ask_page(visit, number, wanted, form, "long")
        try:
            wish = Wish(wanted, _chosen(disclosure, form), text)
        except Malformed:
            return _ask_page(visit, number, wanted, form, "none")
        followed = await _followed(visit, disclosure, wish)
        return redirect(f"/activity/entry/{number}/asked/{followed.asked.id}")


async def _followed(visit: Visit, disclosure: Disclosure, wish: Wish) -> Followed:
    return await visit.run(visit.wallet.cockpit.rights.ask(disclosure, wish), WhenLocked.NOT_DONE, WhenLocked.DONE)


def _add_letters(router: Router) -> None:
    @router.post("/activity/entry/{number:int}/letter/{right}")
    async def write(visit: Inside, number: int, right: str) -> Response:
        await visit.form()
        wanted = _right(right)
        shown, who = _entry(visit, number)
        _, item = entry_line(visit, number)
        data = [label for given in shown.given[number] for label in given.labels]
        written = write_letter(
            wanted, visit.wallet.cockpit.of_entry(number), number=number, language=visit.wallet.context.language,
            partner=who, day=visit.words.day(item.at), data=data, kept=request_of_entry(visit, item),
        )  # fmt: skip
        await visit.run(visit.wallet.cockpit.note_prepared(item.entry, Prepared.LETTER))
        return redirect(f"/activity/letter/{visit.shelf.put(written)}")

    @router.get("/activity/letter/{shelf}")
    async def letter(visit: Inside, shelf: str) -> Response:
        written = visit.shelf.look(shelf, Written)
        shown, who = _entry(visit, written.number)
        return visit.page("rights_letter.html", written=written, shown=shown, who=who, shelf=shelf)

    @router.get("/activity/letter/{shelf}/letter.txt")
    async def file(visit: Inside, shelf: str) -> Response:
        return letter_file(visit.shelf.look(shelf, Written).letter)


def _add_following(router: Router) -> None:
    @router.get("/activity/entry/{number:int}/asked/{id_}")
    async def stands(visit: Inside, number: int, id_: str) -> Response:
        rights = visit.wallet.cockpit.rights
        opening = rights.open(disclosure_of(visit, number), id_)
        return _asked_page(visit, number, await visit.run(opening, WhenLocked.NOT_DONE, WhenLocked.DONE))

    @router.post("/activity/entry/{number:int}/asked/{id_}/again")
    async def again(visit: Inside, number: int, id_: str) -> Response:
        await visit.form()
        following = visit.wallet.cockpit.rights.follow(disclosure_of(visit, number), id_)
        return _asked_page(visit, number, await visit.run(following, WhenLocked.NOT_DONE, WhenLocked.DONE))

    @router.post("/activity/entry/{number:int}/asked/{id_}/present")
    async def present(visit: Inside, number: int, id_: str) -> Response:
        await visit.form()
        looking = visit.wallet.cockpit.rights.present_again(disclosure_of(visit, number), id_)
        try:
            seen = await visit.run(looking, WhenLocked.SCAN_AGAIN, WhenLocked.SCAN_AGAIN)
        except NotForThisRequest:
            return redirect(f"/activity/entry/{number}/asked/{id_}")
        language, back = visit.wallet.context.language, f"/activity/entry/{number}/asked/{id_}"
        waiting = RequestWaiting(seen, same_device=True, language=language, back=back)
        return redirect(f"/present/{visit.shelf.put(waiting)}")


def _add_handing_out(router: Router) -> None:
    @router.post("/activity/entry/{number:int}/asked/{id_}/answer")
    async def fetch(visit: Inside, number: int, id_: str) -> Response:
        await visit.form()
        fetching = visit.wallet.cockpit.rights.answer(disclosure_of(visit, number), id_)
        handed = await visit.run(fetching, WhenLocked.NOT_DONE, WhenLocked.NOT_DONE)
        return redirect(f"/activity/answer/{visit.shelf.put(handed)}")

    @router.get("/activity/answer/{shelf}")
    async def answer(visit: Inside, shelf: str) -> Response:
        return _answer_page(visit, shelf, visit.shelf.look(shelf, Handed))

    @router.get("/activity/answer/{shelf}/answer.json")
    async def save(visit: Inside, shelf: str) -> Response:
        return download("answer.json", saved_answer(visit.shelf.look(shelf, Handed)))

    @router.get("/activity/answer/{shelf}/file/{place:int}")
    async def file(visit: Inside, shelf: str, place: int) -> Response:
        handed = visit.shelf.look(shelf, Handed)
        files = handed.answer.says.files
        if not 0 <= place < len(files):
            raise NotFound("there is no such file")
        try:
            content = await visit.run(visit.wallet.cockpit.rights.file(handed, files[place]))
        except (Unreachable, NotFound, NotAuthentic, Malformed, TooLarge, Unsupported) as error:
            return _answer_page(visit, shelf, handed, error)
        # Whatever it says it is, it is saved and never opened as a page of ours
        name = f"attachment; filename*=UTF-8''{quote(files[place].name, safe='')}"
        headers = {"content-disposition": name, "cache-control": NO_STORE}
        return Response(content, media_type="application/octet-stream", headers=headers)


def _answer_page(visit: Visit, shelf: str, handed: Handed, error: ProtocolError | None = None) -> Response:
    shown, who = _entry(visit, handed.disclosure.log_number)
    stands = status_of(handed.asked)
    return visit.page(
        "rights_answer.html", status=200 if error is None else error.status, shelf=shelf, handed=handed, who=who,
        shown=shown, data=_data_shown(visit, handed), says=handed.answer.says,
        part=None if has_ended(handed.asked) else stands,
        problem="" if error is None else shown.say.rights.no_file(error, who),
    )  # fmt: skip


def _ask_page(visit: Visit, number: int, right: Right, form: Mapping[str, str] = _EMPTY, problem: str = "") -> Response:
    shown, who = _entry(visit, number)
    disclosure = visit.wallet.cockpit.of_entry(number)
    open_ones = [one for one in _asked(disclosure) if one.asked.right == right and not has_ended(one.asked)]
    return visit.page(
        "rights_ask.html", status=400 if problem else 200, number=number, who=who, right=right, shown=shown,
        form=form, problem=problem, article=ARTICLES[right], hands_out=right in HANDS_OUT,
        why=visit.wallet.cockpit.rights.by_letter(disclosure), disclosure=disclosure, longest=MAX_OWN_WORDS,
        choices=_choices(disclosure, shown) if disclosure is not None else (), open_ones=open_ones,
        tells=disclosure is not None and not is_identifying(disclosure.sent) and not disclosure.agreed,
    )  # fmt: skip


def _asked_page(visit: Visit, number: int, followed: Followed) -> Response:
    shown, who = _entry(visit, number)
    asked, status, rights = followed.asked, status_of(followed.asked), visit.wallet.cockpit.rights
    return visit.page(
        "rights_asked.html", number=number, who=who, shown=shown, asked=asked, right=Right(asked.right),
        says=request_of(asked), stands=status, steps=steps_of(asked)[::-1], ended=has_ended(asked),
        problem=shown.say.rights.followed(followed, who), late=is_overdue(asked, visit.wallet.context.now()),
        why=rights.cut_off(followed.disclosure), disclosure=followed.disclosure,
        about=_labels(followed.disclosure, request_of(asked).claims or {}, shown),
    )  # fmt: skip


def _entry(visit: Visit, number: int) -> tuple[Lines, str]:
    """What shows an entry, and who has the data: whoever got them, or whose register they come from.

    Raises:
        NotFound: there is no such entry, or nothing was given in it, and no document with a receipt got.
    """
    timeline, item = entry_line(visit, number)
    disclosure = visit.wallet.cockpit.of_entry(number)
    if item.entry.action != "sharing" and (disclosure is None or not disclosure.sent.issued):
        raise NotFound("nothing was given there")
    who = disclosure.sent.name if disclosure is not None else item.entry.party or item.entry.party_id
    return lines(visit, timeline, [item]), plain(who)


def _asked(disclosure: Disclosure | None) -> tuple[Followed, ...]:
    """What was asked, newest first."""
    if disclosure is None:
        return ()
    return tuple([Followed(disclosure, asked) for asked in reversed(disclosure.rights)])


def _right(name: str) -> Right:
    if name not in RIGHTS:
        raise NotFound("there is no such right")
    return Right(name)


def _paths(disclosure: Disclosure) -> list[tuple[str, ClaimPath]]:
    receipt = receipt_of(disclosure)
    if receipt is None:
        return []
    return [(query_id, path) for query_id, paths in receipt.claims.items() for path in paths]


def _choices(disclosure: Disclosure, shown: Lines) -> tuple[tuple[str, str], ...]:
    """Data among which one can choose: the name of a field and a label; none if there are too many, or only one."""
    types = {document.query_id: document.type for document in disclosure.sent.documents}
    paths = _paths(disclosure)
    if not 1 < len(paths) <= MAX_CHOICES:
        return ()
    return tuple(
        [
            (f"data_{place}", shown.say.label(types.get(query_id, ""), path))
            for place, (query_id, path) in enumerate(paths)
        ]
    )


def _chosen(disclosure: Disclosure, form: Mapping[str, str]) -> dict[str, tuple[ClaimPath, ...]] | None:
    """The data that were chosen; None: all of it.

    Raises:
        Malformed: none.
    """
    paths = _paths(disclosure)
    if form.get("which") != "some" or not 1 < len(paths) <= MAX_CHOICES:
        return None
    found: dict[str, list[ClaimPath]] = {}
    for place, (query_id, path) in enumerate(paths):
        if f"data_{place}" in form:
            found.setdefault(query_id, []).append(path)
    if not found:
        raise Malformed("claims", "must name something")
    return {query_id: tuple(chosen) for query_id, chosen in found.items()}


def _labels(disclosure: Disclosure, claims: Mapping[str, tuple[ClaimPath, ...]], shown: Lines) -> tuple[str, ...]:
    types = {document.query_id: document.type for document in disclosure.sent.documents}
    named = [
        shown.say.label(types.get(query_id, ""), path) or path_text(path)
        for query_id, paths in claims.items()
        for path in paths
    ]
    return tuple(dict.fromkeys(named))


def _data_shown(visit: Visit, handed: Handed) -> tuple[tuple[str, tuple[ClaimShown, ...]], ...]:
    """What was handed out, by document, with the labels of documents of the same kind that are still there."""
    documents = {document.query_id: document for document in handed.disclosure.sent.documents}
    credentials, language = visit.wallet.context.store.credentials(), visit.wallet.context.language
    held, called = {one.type: one.described().claims for one in credentials}, namer_of(credentials, language)
    shown = []
    for query_id, data in handed.answer.says.data.items():
        document = documents.get(query_id)
        kind = document.type if document is not None else ""
        name = called(kind, document.name) if document is not None else query_id
        # A query may have been answered with more than one document of its kind: each stands by itself
        several = data if isinstance(data, list) and data and all(isinstance(one, dict) for one in data) else [data]
        for one in several:
            claims: JsonObject = one if isinstance(one, dict) else {plain(name): one}
            shown.append((plain(name), claims_shown(claims, held.get(kind, ()), language)))
    return tuple(shown)
