"""The witness: what it takes in of a partner's logs, and what the wallet believes of its document."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, NotTrusted, NotValidNow, ProtocolError, RolledBack
from protocol.fields import Fields
from protocol.jws import sign_jws
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import EMPTY_ROOT, TreeHead
from protocol.sovereignty.partner_directory import (
    KEPT_HEADS,
    MAX_COCKPITS,
    MAX_PARTNERS,
    TYP,
    PartnerDirectory,
    Standing,
    Witnessed,
    WitnessedPartner,
    sign_partner_directory,
    verify_partner_directory,
)
from protocol.trust.anchors import Role, TrustAnchors
from tests.protocol.sovereignty.logs import Log
from tests.support.keys import P384
from tests.support.partners import AGENCY, BANK, COCKPIT, TOWN, known_partners, partner_anchors
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.support.strategies import almost, flip

REGISTRAR = make_pki(Template(common_name="Registrar"), key=seeded_key(6300), role=Role.REGISTRATION_PROVIDER)
ANCHORS = TrustAnchors([REGISTRAR.anchor])


class Strange:
    """A key of a kind that is not accepted."""

    public_key = P384

    def sign(self, data):
        return bytes(96)


ELSE = Strange()
LOG = Log()
for _ in range(9):
    LOG.hour()
EMPTY = Witnessed(COCKPIT)


def witnessed(*sizes, partner=EMPTY, log=LOG):
    for size in sizes:
        before = partner.newest("2026").tree.size
        partner = partner.witness(log.head(size), log.growth(before, size).consistency, now=NOW)
    return partner


PARTNER = witnessed(64, 128, 192)
SECOND = Witnessed("https://agency.example/register/cockpit", (Log(seed=3).hour().head(),))
BOTH = WitnessedPartner(AGENCY, (PARTNER, SECOND))
OTHER = WitnessedPartner(BANK, (Witnessed("https://bank.example/c", (), NOW - DAY),))
DIRECTORY = PartnerDirectory(7, NOW, NOW + DAY, (BOTH, OTHER))


def signed(directory=DIRECTORY, pki=REGISTRAR):
    return sign_partner_directory(directory, pki.signer, pki.x5c)


def verify(text, *, now=NOW, known=None, anchors=ANCHORS):
    return verify_partner_directory(text, anchors=anchors, now=now, known=known)


def many(count):
    return [{**PARTNER.to_dict(), "cockpit_endpoint": f"{COCKPIT}/{number}"} for number in range(count)]


def forged(header=(), **changes):
    claims = {**DIRECTORY.to_claims(), **changes}
    return sign_jws({"typ": TYP, "x5c": list(REGISTRAR.x5c), **dict(header)}, encode_json(claims), REGISTRAR.signer)


def test_a_directory_is_read_as_it_was_published():
    text = signed()
    found = verify(text)
    assert (found.says, found.publisher.chain, found.raw) == (DIRECTORY, REGISTRAR.certificates, text)
    assert verify(text, known=DIRECTORY).says == DIRECTORY
    assert found.says.find((TOWN, AGENCY)) == BOTH
    assert found.says.find((TOWN,)) is None


@pytest.mark.parametrize(
    ("text", "options", "flaw"),
    [
        (signed(), {"now": NOW + DAY}, NotValidNow),
        (signed(), {"now": NOW - 301}, NotValidNow),
        (signed(), {"known": replace(DIRECTORY, seq=8)}, RolledBack),
        (signed(), {"known": replace(DIRECTORY, partners=())}, RolledBack),
        (signed(), {"anchors": partner_anchors()}, NotTrusted),
        (signed(pki=known_partners()[AGENCY]), {"anchors": partner_anchors()}, NotTrusted),
        (forged({"typ": "service-catalogue+jwt"}), {}, NotAuthentic),
        (forged(partners=[BOTH.to_dict(), BOTH.to_dict()]), {}, Malformed),
        (forged(partners=[{**BOTH.to_dict(), "cockpits": [PARTNER.to_dict()] * 2}]), {}, Malformed),
        (forged(partners=[{**BOTH.to_dict(), "cockpits": []}]), {}, Malformed),
        (forged(partners=[{**BOTH.to_dict(), "cockpits": many(MAX_COCKPITS + 1)}]), {}, Malformed),
        (forged(seq=None), {}, Malformed),
        (sign_jws({"typ": TYP}, encode_json(DIRECTORY.to_claims()), REGISTRAR.signer), {}, NotTrusted),
    ],
    ids=[
        "expired",
        "from the future",
        "rolled back",
        "another of the same number",
        "a stranger",
        "a partner",
        "another type",
        "a partner twice",
        "a cockpit twice",
        "no cockpit",
        "too many cockpits",
        "no number",
        "no certificate",
    ],
)
def test_a_directory_that_lies_is_refused(text, options, flaw):
    with pytest.raises(flaw):
        verify(text, **options)


@given(st.integers(0))
def test_any_flipped_bit_is_refused(bit):
    with pytest.raises(ProtocolError):
        verify(flip(signed().encode(), bit).decode("latin-1"))


@given(almost(BOTH.to_dict()))
def test_nothing_but_a_refusal_comes_of_a_partner(members):
    try:
        found = WitnessedPartner.from_fields(Fields(members, "partner"))
    except ProtocolError:
        return
    assert WitnessedPartner.from_fields(Fields(found.to_dict(), "partner")) == found


def test_each_cockpit_of_a_partner_is_found_by_its_address_and_has_its_own_heads():
    assert BOTH.endpoints == {COCKPIT, SECOND.cockpit_endpoint}
    assert (BOTH.cockpit(COCKPIT), BOTH.cockpit(SECOND.cockpit_endpoint)) == (PARTNER, SECOND)
    assert BOTH.cockpit("https://agency.example/else") is None
    # What one log shows is no head of the other
    assert SECOND.standing(LOG.head(64)) is Standing.CONTRADICTED


def test_a_directory_has_room_for_as_many_cockpits_as_it_says():
    text = forged(partners=[{**BOTH.to_dict(), "cockpits": many(MAX_COCKPITS)}])
    assert len(verify(text).says.partners[0].cockpits) == MAX_COCKPITS


def test_the_newest_heads_of_each_log_are_kept():
    partner = witnessed(*range(64, 577, 64))
    assert [head.tree.size for head in partner.heads] == list(range(576 - 64 * (KEPT_HEADS - 1), 577, 64))
    other = Log(seed=4, year="2027").hour()
    both_years = partner.witness(other.head(), (), now=NOW)
    assert both_years.heads == (*partner.heads, other.head())
    assert both_years.newest("2026") == LOG.head()


def test_the_same_head_again_changes_nothing():
    assert PARTNER.witness(LOG.head(192), (), now=NOW + 1) == PARTNER


@pytest.mark.parametrize(
    ("head", "proof"),
    [
        (LOG.head(256), ()),
        (LOG.head(256), LOG.growth(128, 256).consistency),
        (LOG.head(128), ()),
        (Log(seed=2).hour().hour().hour().head(), ()),
    ],
    ids=["no proof", "another proof", "shorter", "the same size, another root"],
)
def test_a_log_that_did_not_only_grow_marks_its_partner_for_good(head, proof):
    broken = PARTNER.witness(head, proof, now=NOW + 5)
    assert broken == replace(PARTNER, broken_since=NOW + 5)
    assert broken.witness(head, proof, now=NOW + 9) == broken
    healed = broken.witness(LOG.head(256), LOG.growth(192, 256).consistency, now=NOW + 9)
    assert (healed.broken_since, healed.newest("2026")) == (NOW + 5, LOG.head(256))


def test_how_a_head_stands_to_what_was_witnessed():
    fork = Log(seed=2).hour().hour().hour().hour()
    assert PARTNER.standing(LOG.head(128)) is Standing.LISTED
    assert PARTNER.standing(fork.head(128)) is Standing.CONTRADICTED
    assert PARTNER.standing(LOG.head(256)) is Standing.NEWER
    assert PARTNER.standing(LogHead("2027", LOG.head(64).tree)) is Standing.NEWER
    assert PARTNER.standing(LOG.head(100)) is Standing.BETWEEN
    assert (PARTNER.next_after(LOG.head(100)), PARTNER.next_after(LOG.head(192))) == (LOG.head(128), None)
    assert PARTNER.standing(LogHead("2026", TreeHead(0, EMPTY_ROOT))) is Standing.LISTED
    assert PARTNER.standing(LogHead("2026", TreeHead(0, b"\1" * 32))) is Standing.CONTRADICTED


def test_other_algorithms_are_neither_made_nor_read():
    with pytest.raises(NotAuthentic, match="algorithm that is not accepted"):
        verify(sign_jws({"typ": TYP, "x5c": list(REGISTRAR.x5c)}, b"{}", ELSE))
    with pytest.raises(ValueError, match="ES256"):
        sign_partner_directory(DIRECTORY, ELSE, REGISTRAR.x5c)


@pytest.mark.parametrize(
    "partners",
    [
        (OTHER,) * (MAX_PARTNERS + 1),
        (WitnessedPartner(BANK, (replace(EMPTY, cockpit_endpoint=COCKPIT + "x" * 1800),)),) * 7000,
    ],
    ids=["too many", "too large"],
)
def test_a_directory_over_its_caps_is_not_published(partners):
    with pytest.raises(ValueError, match="at most"):
        signed(replace(DIRECTORY, partners=partners))
