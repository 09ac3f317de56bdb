"""The walk: a citizen receives credentials from two offices and shows parts of them, over the real HTTP services.

The citizen's side is the real wallet; it reads the real QR codes. The offices are used through their administration APIs,
as an agency's or partner's own programs would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import qrcode

from hoheit.demo.confirming import follow_last
from hoheit.demo.places import (
    CAR_SHARING,
    CINEMA,
    CITIZEN,
    CITY_OFFICE,
    HEALTH,
    LIBRARY,
    PHARMACY,
    REGISTER,
    UNIVERSITY,
    Agency,
    Partner,
)
from hoheit.demo.programs import ask_api
from hoheit.demo.saying import FORMS, name_of, shown_of, text_of, who_asks
from hoheit.demo.setting_up import Place, Town
from hoheit.demo.stories.birth import Birth
from hoheit.demo.stories.moving import MovingHouse
from protocol.dcql.query import MDOC
from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url, encode_json
from protocol.errors import NotTrusted, ProtocolError, Unreachable
from protocol.fields import Fields
from protocol.mdoc.frames import Frame, encode_frames
from protocol.oid4vp.answer import Delivered
from runtime.pictures import read_qr_code
from wallet.policy.documents import Document
from wallet.service.issuance import OfferSeen
from wallet.service.meeting import CodeShown, NotAsked, Way
from wallet.service.opened import OpenWallet
from wallet.words import Words

# Two sectors: what one's office gave, the other's partner takes
ACROSS = (
    "the university is in the register for education, the pharmacy in that for health: the town's register names both"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, in plain words, with what came of it."""

    title: str
    lines: tuple[str, ...]
    milliseconds: float
    good: bool


@dataclass(slots=True)
class Walk:
    """Walks through the town once; a step that fails ends the walk."""

    town: Town
    wallet: OpenWallet
    steps: list[Step] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every step went well so far."""
        return all(step.good for step in self.steps)

    def go(self) -> Iterator[Step]:
        """Every step when it is done."""
        yield from self._take(
            CITY_OFFICE,
            ("pid", "pid-mdoc", "residence", "mdl"),
            "The city office prepares three documents for Erika Mustermann, her identity card in both forms",
        )
        yield from self._ask(LIBRARY, "library-sign-up", "Erika signs up at the city library")
        yield from self._step(
            "Erika's wallet has the library's receipt, and asks what was done with her data",
            lambda: follow_last(self.wallet),
        )
        yield from self._ask(CINEMA, "over-18", "The cinema wants to know whether Erika is over 18")
        yield from self._ask(PHARMACY, "medicine", "The pharmacy is in the register of another platform, and asks too")
        yield from self._ask(
            CAR_SHARING, "driving-licence", "Erika wants to borrow a car, and shows her driving licence"
        )
        yield from self._meet(
            CAR_SHARING,
            "driving-licence",
            "At the counter of the car sharing Erika shows a code, and its scanner reads it",
            Way.RELAY,
        )
        yield from self._meet(
            CINEMA,
            "over-18",
            "At the cinema there is no network: Erika shows a code, and its camera reads it",
            Way.CODES,
        )
        yield from self._take(
            UNIVERSITY,
            ("diploma",),
            "The university, registered with the platform for education, prepares Erika's diploma",
        )
        yield from self._ask(PHARMACY, "degree", "Erika applies for work at the pharmacy", ACROSS)
        yield from self._step("The town's register puts the platform for health off its lists", self._put_off)
        request: dict[str, str] = {}
        yield from self._step(
            "The pharmacy asks again: it shows a QR code", lambda: self._request(PHARMACY, "medicine", request)
        )
        yield from self._step("Erika's wallet knows it no more, and gives nothing", lambda: self._refused(request))
        yield from self._step("The register puts the platform back, and the pharmacy with it", self._put_back)
        for title, work in chain(Birth(self.town, self.wallet).scenes(), MovingHouse(self.town, self.wallet).scenes()):
            yield from self._step(title, work)

    def _take(self, agency: Agency, types: tuple[str, ...], title: str) -> Iterator[Step]:
        offer: dict[str, str] = {}
        yield from self._step(title, lambda: self._offer(agency, types, offer))
        yield from self._step(
            "Erika scans the code, reads what is offered and types her code", lambda: self._receive(types, offer)
        )

    def _ask(self, partner: Partner, use_case: str, title: str, why: str = "") -> Iterator[Step]:
        request: dict[str, str] = {}
        yield from self._step(f"{title}: it shows a QR code", lambda: self._request(partner, use_case, request))
        yield from self._step("Erika sees who asks for what, and agrees", lambda: self._share(request))
        yield from self._step(
            f"{name_of(partner)} has checked the answer", lambda: self._verdict(partner, request, why)
        )

    def _meet(self, partner: Partner, use_case: str, title: str, way: Way) -> Iterator[Step]:
        meeting: dict[str, str] = {}
        codes: list[CodeShown] = []
        yield from self._step(title, lambda: self._scan_wallet(partner, use_case, way, meeting, codes))
        yield from self._step("Erika sees who asks for what, and agrees", lambda: self._answer(way, meeting, codes[0]))
        yield from self._step(f"{name_of(partner)} has checked the answer", lambda: self._judge(partner, way, meeting))

    def _step(self, title: str, work: Callable[[], list[str]]) -> Iterator[Step]:
        if not self.complete:
            return
        began = time.perf_counter()
        try:
            lines, good = work(), True
        except ProtocolError as error:
            lines, good = [error.description], False
        step = Step(title, tuple(lines), round((time.perf_counter() - began) * 1000, 1), good)
        self.steps.append(step)
        yield step

    def _offer(self, agency: Agency, types: tuple[str, ...], offer: dict[str, str]) -> list[str]:
        body: JsonObject = {
            "credential_configuration_ids": [*types],
            "subject": CITIZEN,
            "grant": "pre-authorized_code",
            "tx_code": True,
            "by_reference": True,
        }
        made = self._post(agency, "/api/offers", body)
        offer["picture"] = str(self._draw(f"{agency.id}-offer", made.text("uri")))
        offer["tx_code"] = made.text("tx_code")
        return [f"QR code: {offer['picture']}", f"the code for Erika, on another way: {offer['tx_code']}"]

    def _receive(self, types: tuple[str, ...], offer: dict[str, str]) -> list[str]:
        receiving, run = self.wallet.wallet.receiving, self.wallet.run
        seen = run(receiving.look(_scan(offer["picture"])))
        pending = run(receiving.take(seen, offer["tx_code"]))
        arrived = run(receiving.fetch(pending, seen.contact))
        kept = run(receiving.keep(arrived))
        if len(kept) != len(types):
            raise Unreachable(
                "not everything that was offered was received: " + "; ".join(f.reason for f in arrived.failed)
            )
        vouching = self.wallet.wallet.vouching.shown()
        words = Words("en")
        return [
            f"{words.trust(seen.consent.issuer)} It is registered to give these documents.",
            f"{vouching.name} vouches for the wallet and its keys; the office asked for that before it gave anything.",
            *_attested(seen, vouching.name),
            *[
                f"{item.shown.name}{_forms(item.document)} from {item.shown.issuer.title}, "
                f"known through {item.shown.issuer.trusted_by}: "
                f"{len(item.shown.claims)} pieces of data, {item.shown.copies} copies that nobody can link"
                for item in arrived.documents
            ],
        ]

    def _request(self, partner: Partner, use_case: str, request: dict[str, str]) -> list[str]:
        made = self._post(partner, "/api/requests", {"use_case": use_case})
        request["id"] = made.text("id")
        request["picture"] = str(self._draw(f"{partner.id}-{use_case}", made.text("uri")))
        return [f"QR code: {request['picture']}"]

    def _share(self, request: dict[str, str]) -> list[str]:
        presenting, run = self.wallet.wallet.presenting, self.wallet.run
        seen = run(presenting.look(_scan(request["picture"])))
        shared = run(presenting.share(seen, seen.default_choice()))
        # The next step says why
        unsure = [] if isinstance(shared.delivery, Delivered) else ["it was sent, but the partner did not confirm it"]
        return [*who_asks(seen), *shown_of(seen), *unsure]

    def _scan_wallet(
        self, partner: Partner, use_case: str, way: Way, meeting: dict[str, str], codes: list[CodeShown]
    ) -> list[str]:
        code = self.wallet.wallet.meetings.begin()
        codes.append(code)
        picture = self._draw(f"wallet-{partner.id}", code.text)
        made = self._post(partner, "/api/requests", {"use_case": use_case})
        meeting["id"] = made.text("id")
        met = self._post(partner, f"/api/requests/{meeting['id']}/meeting", {"code": _scan(str(picture))})
        meeting["message"] = met.text("message")
        lines = [f"the wallet's code: {picture}"]
        if way is Way.CODES:
            return [*lines, f"the question goes from screen to camera in {_moving(met.text('message'))} codes"]
        if met.required("relayed") is not True:
            raise Unreachable("the relay did not take the question")
        return [
            *lines,
            f"{name_of(LIBRARY)} carries the messages for them, and can read none: it is the relay of the wallet",
        ]

    def _answer(self, way: Way, meeting: dict[str, str], code: CodeShown) -> list[str]:
        meetings, run = self.wallet.wallet.meetings, self.wallet.run
        message = run(meetings.look(code)) if way is Way.RELAY else decode_base64url(meeting["message"], "message")
        if message is None:
            raise Unreachable("nothing came over the relay")
        asked = run(meetings.open(code, message, way))
        if isinstance(asked, NotAsked):
            raise asked.error
        answer = run(meetings.share(asked.met, asked.seen, asked.seen.default_choice()))
        meeting["answer"] = encode_base64url(answer.message)
        lines = [*who_asks(asked.seen), *shown_of(asked.seen)]
        if way is Way.CODES:
            run(meetings.settle(asked.seen, answer, arrived=True))
            return [*lines, f"the answer goes back from screen to camera in {_moving(meeting['answer'])} codes"]
        return lines

    def _judge(self, partner: Partner, way: Way, meeting: dict[str, str]) -> list[str]:
        if way is Way.CODES:
            path = f"/api/requests/{meeting['id']}/meeting/answer"
            self._post(partner, path, {"message": meeting["answer"]})
        return self._verdict(partner, meeting, "")

    def _put_off(self) -> list[str]:
        body: JsonObject = {"reason": "The walk through the demo town shows what this does."}
        self._post(REGISTER, f"/api/parties/suspend?identifier={quote(HEALTH.identifier)}", body)
        self._renew()
        return [f"{dict(HEALTH.name)['en']} is named by no list any more, and nobody in its register is known by it"]

    def _put_back(self) -> list[str]:
        self._post(REGISTER, f"/api/parties/resume?identifier={quote(HEALTH.identifier)}", {})
        self._renew()
        return ["who is on a list is decided by its operator, each day anew"]

    def _renew(self) -> None:
        """The wallet looks at the lists now, and not within the hour."""
        if self.wallet.run(self.wallet.renewal.at_once()).failed:
            raise Unreachable("a list of whom to trust could not be had")

    def _refused(self, request: dict[str, str]) -> list[str]:
        try:
            self.wallet.run(self.wallet.wallet.presenting.look(_scan(request["picture"])))
        except ProtocolError as error:
            if not isinstance(error.__cause__ or error, NotTrusted):
                raise
            return ["nobody whom the wallet trusts vouches for the pharmacy now; nothing was given away"]
        raise Unreachable("the wallet still knows the pharmacy")

    def _verdict(self, partner: Partner, request: dict[str, str], why: str) -> list[str]:
        answer = self._call("GET", partner, f"/api/requests/{request['id']}")
        verdict = answer.object("verdict")
        failed = [line.text("check") for line in verdict.objects("checks") if line.members.get("passed") is not True]
        if failed or answer.text("state") != "accepted":
            raise Unreachable(f"the answer was not accepted: {', '.join(failed)}")
        checks = ", ".join(line.text("check").replace("_", " ") for line in verdict.objects("checks"))
        return [
            f"checked: {checks}",
            f"it knows now: {', '.join(map(_known, answer.object('claims').members.values()))}",
            *([why] if why else []),
        ]

    def _draw(self, name: str, link: str) -> Path:
        """The QR code that a screen would show, as a picture."""
        file = self.town.folder / f"{name}.png"
        with file.open("wb") as picture:
            qrcode.make(link).save(picture)
        return file

    def _post(self, place: Place, path: str, body: JsonObject) -> Fields:
        return self._call("POST", place, path, encode_json(body))

    def _call(self, method: str, place: Place, path: str, body: bytes = b"") -> Fields:
        url = self.town.address(place) + path
        return self.wallet.run(ask_api(method, url, self.town.api_key(place), body))


def _forms(document: Document) -> str:
    """In which forms a document came, where there is more to say than that it came."""
    formats = [form.format for form in document.forms]
    if formats == [MDOC]:
        return FORMS[MDOC]
    return " (one document in two forms, as SD-JWT VC and as mdoc)" if MDOC in formats else ""


def _scan(picture: str) -> str:
    return read_qr_code(Path(picture).read_bytes())


def _moving(message: str) -> int:
    """In how many codes of any the message is read again (docs/decisions/0030)."""
    return Frame.from_text(next(encode_frames(decode_base64url(message, "message")))).count


def _attested(seen: OfferSeen, who: str) -> list[str]:
    """Which of the documents are bound only to keys that the wallet's provider attested."""
    names = dict.fromkeys(
        item.name
        for item in seen.consent.credentials
        if seen.contact.issuer.configurations[item.configuration_id].key_attestations_required is not None
    )
    return [f"{name} is bound only to keys that {who} attested, each used for one copy." for name in names]


def _known(claims: JsonValue, name: str = "") -> str:
    """Every value with the name of its claim, for people."""
    if isinstance(claims, dict):
        # A namespace, which has dots, says nothing to people
        return ", ".join(
            _known(item, name if "." in key else f"{name} {key.replace('_', ' ')}".strip())
            for key, item in claims.items()
        )
    if isinstance(claims, list):
        return ", ".join(_known(item, name) for item in claims)
    return f"{name}: {text_of(claims)}"
