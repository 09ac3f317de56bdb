"""What goes over the network says nothing of who somebody is: what is fetched for everybody, and what two answers share.

Everything runs, at one moment that stands still, so that whatever two conversations have in common is no time.
"""

import base64
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from protocol.sovereignty.rights import Right
from protocol.sovereignty.signing import hash_text
from protocol.sovereignty.usage import HOUR
from runtime import system
from tests.flows.common import in_common, unpacked
from tests.flows.founding import ASK_NAME, land
from tests.flows.land import AGENCY, LIBRARY, REGISTER
from tests.flows.parties import Clock
from verifier.once_only.description import ServiceDescription
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.policy.cockpit.rights import Wish

pytestmark = pytest.mark.flow

ASK_AGE = ASK_NAME.replace('id = "name"', 'id = "age"').replace(
    '    { path = ["given_name"] },\n    { path = ["family_name"] },\n', '    { path = ["age_equal_or_over", "18"] },\n'
)
JOIN = """
name = { de = "Mitglied werden", en = "Become a member" }
summary = { de = "Für alle aus Lindenau.", en = "For everybody from Lindenau." }
life_events = ["moving"]
purpose = { de = "Wir nehmen Sie auf.", en = "We take you in." }
legal_basis = "GDPR Art. 6 (1) b"
privacy_policy = "https://library.example/privacy"
retention_days = 30

[provider]
identifier = "NTRDE-HRB 1"
country = "DE"
name = "Library"

[[needs]]
id = "pid"
name = { de = "Personalausweis", en = "Identity card" }
vct = "urn:eudi:pid:1"

[[fields]]
name = "family_name"
title = { de = "Ihr Nachname", en = "Your last name" }
type = "string"
from = [{ document = "pid", path = ["family_name"] }]

[[eligible.all]]
claim.any = [{ vct = "urn:eudi:pid:1", path = ["address", "locality"] }]
is = "equals"
value = "Lindenau"
because = { de = "Sie wohnen in Lindenau.", en = "You live in Lindenau." }
"""


MOVED = """
name = { de = "Neue Anschrift", en = "New address" }
summary = { de = "Wir schreiben sie um.", en = "We change it." }
purpose = { de = "Wir schreiben Ihnen.", en = "We write to you." }
legal_basis = "GDPR Art. 6 (1) a"
privacy_policy = "%(address)s/privacy"
retention_days = 30
forward = true

[provider]
identifier = "%(identifier)s"
country = "DE"
name = "%(name)s"

[[needs]]
id = "pid"
name = { de = "Personalausweis", en = "Identity card" }
vct = "urn:eudi:pid:1"

[[fields]]
name = "town"
title = { de = "Ort", en = "Town" }
type = "string"
from = [{ document = "pid", path = ["address", "locality"] }]
"""
NUMBERS = {"library": 1, "bank": 2}  # in the register of companies


@dataclass(slots=True)
class StandingClock(Clock):
    """Time that passes when it is told to, and never else."""

    start: int = 0

    def __call__(self):
        return self.start + self.ahead


def moved(name):
    """What a partner offers to whoever moves."""
    members = {"address": f"https://{name}.example", "identifier": f"NTRDE-HRB {NUMBERS[name]}"}
    return MOVED % {**members, "name": name.capitalize()}


def services(name):
    return {"join.toml": JOIN} if name == "library" else {}


def announced(settings):
    if settings.public_url != LIBRARY:
        return ()
    described = ServiceDescription.from_toml("join", JOIN, "join.toml")
    return (described.entry(f"{LIBRARY}/services/join/start", "join"),)


def announced_to_movers(settings, more=""):
    name, address = settings.data.name, settings.public_url
    service = f"moved-{name}"
    start, forward = [f"{address}/services/{service}/{what}" for what in ("start", "forward")]
    return (
        ServiceDescription.from_toml(service, moved(name) + more, f"{service}.toml").entry(start, service, forward),
    )


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        clock = StandingClock(start=system.now() + HOUR)
        with land(
            tmp_path_factory.mktemp("land"),
            use_cases=(ASK_NAME, ASK_AGE),
            services=services,
            announced=announced,
            clock=clock,
        ) as found:
            yield found


@pytest.fixture(scope="module")
def forwarding_country(tmp_path_factory):
    """One in which both partners take what is forwarded."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with land(
            tmp_path_factory.mktemp("forwarding"),
            services=lambda name: {f"moved-{name}.toml": moved(name)},
            announced=announced_to_movers,
            clock=StandingClock(start=system.now() + HOUR),
        ) as found:
            yield found


def fetched(country, citizen):
    """Every byte that a wallet sent to the register for what is published for everybody."""
    seen = [one for one in country.network.between(citizen.sends_as, REGISTER) if one.request.method == "GET"]
    paths = ("/catalogue", "/partners")
    return [one.sent for one in seen if urlsplit(one.request.url).path in paths]


def test_fetching_the_catalogue_and_the_partners_tells_nothing_about_whoever_does(country):
    """Two citizens who hold, look at and want other things send the same bytes, in the same order."""
    with country.citizen("erika", "a-catalogue") as erika, country.citizen("max", "b-catalogue") as klaus:
        erika.follow()
        klaus.follow()
        erika.receive("pid")
        erika.receive("residence")
        erika.run(erika.wallet.services.catalogue.switch(on=True))
        for _ in range(3):
            country.later(2 * HOUR)
            erika.follow()
            klaus.follow()
            assert erika.run(erika.wallet.services.catalogue.suggestions())
            erika.give(country.library)
            erika.look()
        assert fetched(country, erika) == fetched(country, klaus)
        assert len(fetched(country, erika)) == 2 * 4
        for sent in fetched(country, erika):
            assert b"cookie" not in sent.lower()
            assert sent.split(b"\r\n")[0] in {f"GET {REGISTER}/{name}".encode() for name in ("catalogue", "partners")}


def test_what_is_fetched_is_the_same_for_everybody_down_to_the_byte(country):
    with country.citizen("erika", "c-catalogue") as erika, country.citizen("max", "d-catalogue") as klaus:
        erika.receive("pid")
        for citizen in (erika, klaus):
            citizen.follow()
        for name in ("/catalogue", "/partners"):
            one, other = (country.network.between(who.sends_as, REGISTER, name)[-1] for who in (erika, klaus))
            assert one.came == other.came
            assert one.response.body


def test_suggestions_are_computed_without_a_word_to_anybody(country):
    with country.citizen("erika", "e-suggested") as erika, country.citizen("max", "f-suggested") as klaus:
        for citizen in (erika, klaus):
            citizen.follow()
            citizen.run(citizen.wallet.services.catalogue.switch(on=True))
        erika.receive("pid")
        before = len(country.network.seen)
        catalogue = erika.wallet.services.catalogue
        [suggested] = erika.run(catalogue.suggestions())
        # They differ, so there would be something to tell
        assert [suggested] != list(klaus.run(klaus.wallet.services.catalogue.suggestions()))
        catalogue.everything()
        catalogue.search("member", {})
        erika.run(erika.wallet.services.journeys.preview(["join"]))
        erika.run(catalogue.hide("join"))
        assert country.network.seen[before:] == []


def conversations(country, citizen):
    """What a citizen says to the library twice and to the bank once, each time from question to rights; all bytes."""
    found = []
    for partner in (country.library, country.library, country.bank):
        before = len(country.network.seen)
        made = partner.ask("age", response_mode="direct_post")
        citizen.share(made.uri)
        citizen.look()
        citizen.run(citizen.wallet.cockpit.rights.ask(citizen.disclosure, Wish(Right.RESTRICTION)))
        said = [one for one in country.network.seen[before:] if one.who == citizen.sends_as]
        assert any(b"vp_token" in one.sent for one in said)
        assert {one.host for one in said} >= {partner.host}
        found.append(unpacked(b"\n".join(one.sent + b"\n" + one.came for one in said)))
    return found


def test_two_answers_share_nothing_by_which_they_are_one_citizens(country):
    """Questions, documents, receipts, calls, reports and rights: of two partners, and twice of one partner."""
    with country.citizen("erika", "g-linked") as erika, country.citizen("max", "h-linked") as klaus:
        for citizen in (erika, klaus):
            citizen.follow()
            citizen.receive("pid")
        country.next_hour()
        mine, strangers = conversations(country, erika), conversations(country, klaus)
        for first, second in ((0, 1), (0, 2), (1, 2)):
            assert in_common(mine[first], mine[second], strangers) == set()
        assert [len(places([text])) for text in mine] == [1, 1, 1]
        assert len(places([*mine, *strangers])) == 6


def places(found):
    """Where the status of the documents that were shown stands: of each document its own."""
    stands = re.compile(rb'"idx":(\d+),"uri":"' + AGENCY.encode())
    return {place for text in found for place in stands.findall(text)}


def mandated(country, citizen):
    """What each partner has of a mandate of a citizen: all bytes between it and anybody, and what is inside the encryption.

    The agency encrypts what it forwards to a key of the recipient's request, so the mandate is taken from where it was kept:
    it is the one that the recipient's receipt names.
    """
    given = {name: citizen.instruct(f"moved-{name}") for name in NUMBERS}
    before = len(country.network.seen)
    assert country.move(citizen.name, locality=f"Neustadt {len(country.network.seen)}") == len(given)
    found = []
    for name, kept in given.items():
        shown = citizen.run(citizen.wallet.mandates.look(kept.id))
        receipt = receipt_of(citizen.wallet.cockpit.find(shown.kept.receipt))
        assert receipt.request == hash_text(kept.token)
        said = [one for one in country.network.seen[before:] if one.host == f"{name}.example"]
        assert {one.who for one in said} == {"agency", citizen.sends_as}
        found.append(unpacked(b"\n".join([kept.token.encode(), *[one.sent + b"\n" + one.came for one in said]])))
    return found


def test_two_recipients_of_mandates_share_nothing_by_which_they_are_one_citizens(forwarding_country):
    """Mandates of one document to two partners, what the agency forwarded by them, and both receipts."""
    country = forwarding_country
    with country.citizen("erika", "i-mandates") as erika, country.citizen("max", "j-mandates") as klaus:
        for citizen in (erika, klaus):
            citizen.follow()
            citizen.receive("pid")
            # Nothing of one minute or one document tells who gave it
            country.clock.ahead += 61
        mine, strangers = mandated(country, erika), mandated(country, klaus)
        assert in_common(mine[0], mine[1], strangers) == set()
        assert in_common(strangers[0], strangers[1], mine) == set()


def test_who_looks_for_what_two_answers_share_finds_what_does(country):
    """The search itself: a name that only one citizen's conversations have is found, encoded or not."""
    secret = b"erika-7f3a9c21"
    first, second, third = (
        b'{"nonce":"%s","a-name-that-all-have":"' % one for one in (b"Axk3p0", b"Bq0zr7", b"Cw81mm")
    )
    strangers = [unpacked(third + b'somebody-else","another-name":1}')]
    mine = unpacked(first + secret + b'","another-name":1}')
    for theirs in (secret, base64.urlsafe_b64encode(b"!" + secret), base64.b64encode(b'{"x":"' + secret + b'"}')):
        found = in_common(mine, unpacked(second + theirs + b'","another-name":1}'), strangers)
        assert any(secret in one for one in found), theirs
    assert in_common(mine, unpacked(second + b'nobody-at-all","another-name":1}'), strangers) == set()
