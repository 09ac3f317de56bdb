"""Erika moves house: whoever shall know gets her new address after one yes, and who shall not know any more gets nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field

from hoheit.demo.places import CITIZEN, CITY_OFFICE, HEALTH_COUNTER, POWER, SAVINGS, TOWN, Partner
from hoheit.demo.programs import ask_api, list_api
from hoheit.demo.saying import shown_of, text_of
from hoheit.demo.setting_up import Town
from protocol.encoding import JsonObject
from protocol.errors import Conflict, NotAuthentic, NotFound, ProtocolError, Unreachable
from protocol.fields import Fields
from wallet.policy.cockpit.disclosed import matches, receipt_of
from wallet.policy.documents import Document
from wallet.policy.standing import HowLong
from wallet.service import Wallet
from wallet.service.forwarding import Choice, Fate, ForwardedTo, Recipients
from wallet.service.opened import OpenWallet
from wallet.service.standing import OrdersAsked, OrderShown

RESIDENCE, RESIDENCE_TYPE = "residence", "urn:hoheit:residence:1"
POSTAL_CODE = "00815"
HOMES = ("Am Anger 7", "Neue Straße 3")
# Who shall know, and by which of their services
PLACES = {"new-address-bank": SAVINGS, "new-address-health": HEALTH_COUNTER, "new-address-power": POWER}
BANK = "new-address-bank"

Scene = tuple[str, Callable[[], list[str]]]  # what happens, and what does it


@dataclass(slots=True)
class MovingHouse:
    """The story, played with the citizen's own wallet and the offices' own programs."""

    town: Town
    opened: OpenWallet
    document_id: str = ""  # of her proof of residence
    cases: dict[str, Set[str]] = field(default_factory=dict)  # by service: what its clerks have, as far as is known
    newest: dict[str, str] = field(default_factory=dict)  # by service: the case that came last
    given: list[tuple[Recipients, dict[str, Choice]]] = field(default_factory=list)
    asked: list[OrdersAsked] = field(default_factory=list)

    def scenes(self) -> Iterator[Scene]:
        """Each scene, in its order."""
        here, there = HOMES
        everybody, two = tuple(PLACES), tuple([service for service in PLACES if service != BANK])
        yield "Erika sends her proof of residence to her bank, health fund and power supplier at once", self._forward
        yield "She wants all three to have it again when it changes, for a year", self._arrange
        yield f"Erika moves: the city office writes down that she lives at {here}", lambda: self._move(here)
        yield "Her wallet finds her proof of residence taken back, and gets the new one by itself", self._renew
        yield "The wallet shows what it would send now, and to whom", lambda: self._look(everybody)
        yield "She says yes once, and all three have it", lambda: self._send(everybody)
        yield "Erika does not want her bank to have it any more, and stops that", self._stop
        yield f"She moves once more, to {there}", lambda: self._move(there)
        yield "Her wallet gets the new proof of residence", self._renew
        yield "Now the wallet shows what it would send to two", lambda: self._look(two)
        yield "She says yes, and these two have it", lambda: self._send(two)
        yield "Her bank looks into its list of cases: nothing more came", self._nothing_came

    @property
    def wallet(self) -> Wallet:
        """The citizen's."""
        return self.opened.wallet

    def _forward(self) -> list[str]:
        forwarding, run = self.wallet.forwarding, self.opened.run
        if self.wallet.context.published is not None:
            run(self.wallet.context.published.when_due())
        self.document_id = self._newest_proof().id
        self.cases = {service: self._cases_of(service) for service in PLACES}
        recipients = run(forwarding.ask(self._document(), tuple(PLACES)))
        lines = _would_get(recipients)
        chosen: dict[str, Choice] = {one.begun.service.id: one.seen.default_choice() for one in recipients.asked}
        known = self._disclosed()
        done = run(forwarding.send(recipients, chosen))
        self.given.append((recipients, chosen))
        return [*lines, *self._confirmed(done, known), *self._arrived(tuple(PLACES))]

    def _arrange(self) -> list[str]:
        limit = HowLong.YEAR.limit(self.wallet.context.now())
        for recipients, chosen in self.given:
            for service, choice in chosen.items():
                self.opened.run(self.wallet.standing.give(recipients, service, choice, limit))
        return [
            "that stands in her wallet alone: none of the three hears of it",
            "nothing goes without her yes, and nothing at all if they are registered for something else then",
        ]

    def _move(self, home: str) -> list[str]:
        record: JsonObject = {"address": {"street_address": home, "formatted": f"{home}, {POSTAL_CODE} {TOWN}"}}
        url, key = f"{self.town.address(CITY_OFFICE)}/api/people", self.town.api_key(CITY_OFFICE)
        fates = self.opened.run(list_api("PATCH", url, key, {"subject": CITIZEN, "record": record}))
        if (RESIDENCE, "at once") not in {(one.text("credential_configuration_id"), one.text("fate")) for one in fates}:
            raise Conflict("her proof of residence was not taken back")
        return ["what her proof of residence says is not true any more: it is taken back now"]

    def _renew(self) -> list[str]:
        keeping, renewing, run = self.wallet.keeping, self.wallet.renewing, self.opened.run
        before = self._document().forms[0].issuance_of
        run(keeping.look_up_status())
        run(renewing.run_due())
        document = self._document()
        changed = renewing.shown(document).changed
        if document.forms[0].issuance_of == before or not changed:
            raise Unreachable("the new proof of residence did not come")
        run(renewing.mark_seen(document))
        return [f"new in it: {', '.join(f'{one.label}: {text_of(one.value)}' for one in changed)}"]

    def _look(self, services: tuple[str, ...]) -> list[str]:
        [due] = [one for one in self.wallet.standing.due() if one.document.id == self.document_id]
        if self._new_cases():
            raise Conflict("something was sent before she looked at it")
        asked = self.opened.run(self.wallet.standing.ask(due))
        if asked.prepared.keys() != set(services):
            raise Conflict("not everything was prepared, or too much")
        self.asked.append(asked)
        return ["nothing went anywhere before she looks at it", *_would_get(asked.recipients)]

    def _send(self, services: tuple[str, ...]) -> list[str]:
        asked, known = self.asked.pop(), self._disclosed()
        chosen = {one.begun.service.id: one.seen.default_choice() for one in asked.recipients.asked}
        done = self.opened.run(self.wallet.standing.send(asked, chosen))
        return [*self._confirmed(done, known), *self._arrived(services)]

    def _stop(self) -> list[str]:
        [order] = [one for one in self._orders() if one.order.recipient.service == BANK]
        self.opened.run(self.wallet.standing.revoke(order.kept.id))
        return ["it has ended in that moment, and her bank does not even hear of it"]

    def _nothing_came(self) -> list[str]:
        if BANK in self._new_cases() or self._street_known(BANK) == self._street():
            raise Conflict("the bank got what nobody wanted it to have")
        if [one.ended is None for one in self._orders() if one.order.recipient.service == BANK] != [False]:
            raise Conflict("it goes on for the bank")
        return [f"it knows where she lived before: {self._street_known(BANK)}"]

    def _newest_proof(self) -> Document:
        found = [one for one in self.wallet.keeping.documents() if RESIDENCE_TYPE in one.types]
        if not found:
            raise NotFound("there is no proof of residence in the wallet")
        return max(found, key=lambda one: one.forms[0].received_at)

    def _document(self) -> Document:
        return next(one for one in self.wallet.keeping.documents() if one.id == self.document_id)

    def _street(self) -> str:
        """Where she lives, by her proof of it."""
        claims = Fields(self._document().forms[0].read_claims(), "residence")
        return claims.object("address").text("street_address")

    def _orders(self) -> list[OrderShown]:
        """What is arranged for this document, and not for that of an earlier walk."""
        return [one for one in self.wallet.standing.shown() if one.kept.document == self.document_id]

    def _disclosed(self) -> Set[str]:
        return {one.id for one in self.wallet.cockpit.disclosures()}

    def _confirmed(self, done: Iterable[ForwardedTo], known: Set[str]) -> list[str]:
        """That everybody has it, and signed what they got."""
        if any(one.fate is not Fate.ARRIVED for one in done):
            raise Unreachable("it did not arrive everywhere")
        given = [one for one in self.wallet.cockpit.disclosures() if one.id not in known]
        receipts = [receipt_of(one) for one in given if matches(one)]
        signed = {receipt.service: receipt.controller.name for receipt in receipts if receipt is not None}
        if signed.keys() != {one.service.id for one in done}:
            raise NotAuthentic("somebody gave no receipt, or it does not say what was sent")
        return [f"each signed what they got, and the wallet found nothing wrong with it: {', '.join(signed.values())}"]

    def _arrived(self, services: tuple[str, ...]) -> list[str]:
        """That each of these, and nobody else, has a new case that says where she lives."""
        new = self._new_cases()
        if new.keys() != set(services):
            raise Conflict("it came to somebody else than it was sent to")
        self.newest |= new
        self.cases = {
            service: known | {new[service]} if service in new else known for service, known in self.cases.items()
        }
        if any(self._street_known(service) != self._street() for service in services):
            raise Conflict("somebody has another address than the one that was sent")
        name = self.wallet.forwarding.catalogue.find
        return [f"{name(service).provider.name} has on its list: {self._street_known(service)}" for service in services]

    def _new_cases(self) -> dict[str, str]:
        """What came since it was looked at last, by service."""
        found = {service: self._cases_of(service) - known for service, known in self.cases.items()}
        if any(len(new) > 1 for new in found.values()):
            raise Conflict("something came twice")
        return {service: one for service, new in found.items() for one in new}

    def _cases_of(self, service: str) -> Set[str]:
        """What the clerks have to do for a service."""
        listed = self._cases(PLACES[service], f"?state=open&service={service}")
        return {one.text("id") for one in listed.objects("cases")} if listed.required("cases") else set()

    def _street_known(self, service: str) -> str:
        """Where she lives, as the clerks read it who got it last."""
        fields = self._cases(PLACES[service], f"/{self.newest[service]}").objects("fields")
        return next(one.text("value") for one in fields if one.text("name") == "street")

    def _cases(self, place: Partner, path: str) -> Fields:
        url = f"{self.town.address(place)}/api/cases{path}"
        return self.opened.run(ask_api("GET", url, self.town.case_key(place)))


def _would_get(recipients: Recipients) -> list[str]:
    """What each would get, and why; everybody who was asked is there.

    Raises:
        ProtocolError: somebody cannot get it.
    """
    problems: list[ProtocolError] = [one.problem for one in recipients.out]
    if problems:
        raise problems[0]
    lines = []
    for one in recipients.asked:
        registration = one.seen.consent.standing.registration
        why = f", which is registered for “{registration.purpose}”" if registration is not None else ""
        lines.append(f"to {one.begun.service.provider}{why}: {'; '.join(shown_of(one.seen))}")
    return lines
