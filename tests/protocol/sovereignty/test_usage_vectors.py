"""The vectors of docs/sovereignty/usage.md: current, accepted where they should be, and refused where they should."""

import base64
import json
from dataclasses import replace

import pytest
import rfc8785

import protocol.errors
from protocol.encoding import decode_base64url, encode_base64url
from protocol.fields import Fields
from protocol.sovereignty.findings import (
    find_gaps,
    find_no_received,
    find_not_in_tree,
    find_past_changed,
    find_pending_too_long,
    find_reordered,
    find_split_view,
    find_told_late,
    find_unknown_recipients,
)
from protocol.sovereignty.log_heads import Growth, LogHead, read_proof, sign_usage_head, verify_usage_head, write_proof
from protocol.sovereignty.merkle import (
    TreeHead,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from protocol.sovereignty.partner_directory import (
    PartnerDirectory,
    Witnessed,
    WitnessedPartner,
    sign_partner_directory,
    verify_partner_directory,
)
from protocol.sovereignty.signing import sign_as_organisation
from protocol.sovereignty.usage import BlindedEntry
from protocol.sovereignty.usage_report import (
    TYP,
    Asked,
    UsageReport,
    check_report,
    sign_usage_report,
    verify_usage_report,
)
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from tests.protocol.sovereignty.logs import FORWARDED, RECEIVED, TO_BANK, VIEWED, Log
from tests.protocol.sovereignty.test_merkle import LEAVES, Tree
from tests.support.partners import AGENCY, BANK, COCKPIT, RECEIPT
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.support.sovereignty_vectors import (
    FOLDER,
    RepeatableSigner,
    check_current,
    private_jwk,
    published_anchors,
    published_partners,
)

FILE = "usage.json"
PARTNERS = published_partners(FILE)
ANCHORS = published_anchors(PARTNERS)
PARTNER = PARTNERS[AGENCY]

PUBLISHED = json.loads((FOLDER / FILE).read_bytes()) if (FOLDER / FILE).exists() else {}
REGISTRAR_KEY = seeded_key(6300)
_FRESH = make_pki(Template(common_name="Registrar"), key=REGISTRAR_KEY, role=Role.REGISTRATION_PROVIDER)
REGISTRAR = PUBLISHED.get("registrar") or {
    "key": private_jwk(REGISTRAR_KEY),
    "x5c": [*_FRESH.x5c],
    "authority": _FRESH.root.certificate.to_x5c(),
}
REGISTRARS = TrustAnchors(
    [
        TrustAnchor(
            Certificate.from_der(base64.b64decode(REGISTRAR["authority"])), Role.REGISTRATION_PROVIDER, "Test registrar"
        )
    ]
)


def grown(*uses, seed=1):
    log = Log(RECEIVED, seed=seed).hour()
    seen = log.head()
    log.add(*uses)
    log.hour()
    return log, seen


LOG, SEEN = grown(VIEWED, FORWARDED)
LIAR, _ = grown(VIEWED, seed=2)
REPORT = LOG.report(seen=64)
ASKED = Asked(RECEIPT, NOW + 290, seen=SEEN, known=(SEEN,), last_report_at=NOW + 90)
WITNESSED = Witnessed(COCKPIT, (SEEN, LOG.head()))
ISSUING = Witnessed("https://agency.example/issuing/cockpit", (LIAR.head(),))
DIRECTORY = PartnerDirectory(7, NOW, NOW + DAY, (WitnessedPartner(AGENCY, (WITNESSED, ISSUING)),))


def signed(report):
    return sign_as_organisation(TYP, report.to_claims(), PARTNER.signer, PARTNER.x5c)


def without(entries):
    return replace(REPORT, entries=tuple(entries))


FIRST, SECOND, THIRD = REPORT.entries
FORKED = replace(LIAR.report(at=NOW + 300), entries=(), consistency=LIAR.growth(64).consistency)
PENDING = Log(RECEIVED).report(at=NOW + DAY)
FINDINGS = {
    "a dropped entry": ("gap", without([FIRST, THIRD])),
    "entries in another order": ("reordered", without([SECOND, FIRST, THIRD])),
    "an entry in the place of another": ("not_in_tree", without([FIRST, SECOND._replace(place=THIRD.place), THIRD])),
    "an altered entry": ("not_in_tree", without([FIRST._replace(blinded=LIAR.entries[0])])),
    "a fork": ("past_changed", FORKED),
    "no proof of the past": ("past_changed", replace(REPORT, consistency=())),
    "a log that is gone": ("past_changed", replace(REPORT, heads=(), entries=())),
    "another log than the witness saw": ("split_view", replace(FORKED, consistency=())),
    "nothing received": ("no_received", replace(without([]), issued_at=NOW + DAY)),
    "an entry that waits": ("pending_too_long", PENDING),
    "an entry that was not told": ("told_late", Log(replace(VIEWED, at=NOW - DAY)).hour().report()),
    "somebody whom the receipt does not name": (
        "unknown_recipient",
        Log(replace(FORWARDED, to=TO_BANK._replace(identifier="LEIXG-STRANGER"))).hour().report(),
    ),
}
RECIPIENTS = (TO_BANK,)


def found_in(report):
    entries = [reported.blinded.entry for reported in report.entries]
    found = (
        find_gaps(entries),
        find_reordered(report, None),
        find_not_in_tree(report),
        find_past_changed(report, ASKED),
        *(find_split_view(head, WITNESSED, report_at=report.issued_at, directory_at=NOW) for head in report.heads),
        find_no_received(entries, NOW, report.issued_at),
        find_pending_too_long(report),
        find_told_late(entries, ASKED.last_report_at),
        *find_unknown_recipients(entries, RECIPIENTS),
    )
    return {finding.rule.value for finding in found if finding is not None}


def refused():
    agency, bank = PARTNER, PARTNERS[BANK]

    def forged(typ=TYP, partner=agency, **changes):
        return sign_as_organisation(typ, {**REPORT.to_claims(), **changes}, partner.signer, partner.x5c)

    return {
        "signed by somebody else": ("NotTrusted", forged(partner=bank)),
        "another type": ("NotAuthentic", forged("rights-status+jwt")),
        "another receipt": ("NotForThisRequest", forged(receipt="receipt-of-somebody-else")),
        "from before the question": ("NotValidNow", forged(iat=NOW - 11)),
        "older than the last one": ("RolledBack", forged(iat=NOW + 89)),
        "more, but nothing now": ("Malformed", forged(entries=[], more=True)),
        "a place without its log": ("Malformed", forged(entries=[{**FIRST.to_dict(), "log": None}])),
        "a short blind": ("Malformed", forged(entries=[{**FIRST.to_dict(), "blind": "AAAA"}])),
        "two heads of a log": ("Malformed", forged(heads=[SEEN.to_dict(), LOG.head().to_dict()])),
    }


def made():
    tree = Tree(LEAVES)
    text = rfc8785.dumps(FIRST.blinded.members).decode()
    return {
        "about": "Vectors for docs/sovereignty/usage.md. `flaw` is the kind of error in protocol/errors.py.",
        "now": NOW,
        "partners": {each.organisation.identifier: each.to_dict() for each in PARTNERS.values()},
        "registrar": REGISTRAR,
        "tree": {
            "leaves": [encode_base64url(leaf) for leaf in LEAVES],
            "roots": [encode_base64url(root_of(tree, size)) for size in range(9)],
            "inclusion": [
                {"index": i, "size": n, "proof": write_proof(prove_inclusion(tree, i, n))}
                for n in range(1, 9)
                for i in range(n)
            ],
            "consistency": [
                {"from": a, "to": b, "proof": write_proof(prove_consistency(tree, a, b))}
                for b in range(1, 9)
                for a in range(1, b + 1)
            ],
        },
        "entry": {
            "entry": FIRST.blinded.members,
            "blind": encode_base64url(FIRST.blinded.blind),
            "text": text,
            "leaf": encode_base64url(FIRST.blinded.leaf),
        },
        "asked": {
            "receipt": RECEIPT,
            "receipt_at": NOW,
            "sent_at": ASKED.sent_at,
            "seen": SEEN.to_dict(),
            "last_report_at": ASKED.last_report_at,
            "recipients": [recipient._asdict() for recipient in RECIPIENTS],
        },
        "report": {
            "token": sign_usage_report(REPORT, PARTNER.signer, PARTNER.x5c),
            "claims": REPORT.to_claims(),
        },
        "refused_reports": [{"name": name, "flaw": flaw, "token": token} for name, (flaw, token) in refused().items()],
        "findings": [
            {"name": name, "findings": sorted(found_in(report)), "token": signed(report)}
            for name, (_, report) in FINDINGS.items()
        ],
        "head": {
            "token": sign_usage_head(LOG.head(), now=NOW, signer=PARTNER.signer, x5c=PARTNER.x5c),
            "claims": {**LOG.head().to_dict(), "iat": NOW},
        },
        "consistency": LOG.growth(64).to_dict(),
        "directory": {
            "token": sign_partner_directory(DIRECTORY, RepeatableSigner(REGISTRAR_KEY), tuple(REGISTRAR["x5c"])),
            "claims": DIRECTORY.to_claims(),
        },
    }


def test_the_vectors_are_current():
    check_current(FILE, made())


VECTORS = PUBLISHED or made()


def named(vectors):
    return pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in vectors])


def read(token):
    return verify_usage_report(token, ASKED, partner=(AGENCY,), anchors=ANCHORS, now=NOW + 300).says


def test_the_proofs_hold():
    tree = VECTORS["tree"]
    heads = [TreeHead(size, decode_base64url(root)) for size, root in enumerate(tree["roots"])]
    for each in tree["inclusion"]:
        leaf = hash_leaf(decode_base64url(tree["leaves"][each["index"]]))
        verify_inclusion(leaf, each["index"], heads[each["size"]], read_proof(Fields(each, "x"), "proof"), "x")
    for each in tree["consistency"]:
        verify_consistency(heads[each["from"]], heads[each["to"]], read_proof(Fields(each, "x"), "proof"), "x")


def test_the_leaf_is_the_hash():
    entry = VECTORS["entry"]
    blind = decode_base64url(entry["blind"])
    assert rfc8785.dumps(entry["entry"]).decode() == entry["text"]
    found = BlindedEntry.from_members(entry["entry"], blind, "entry")
    assert encode_base64url(found.leaf) == entry["leaf"]


def test_the_report_is_accepted():
    report = read(VECTORS["report"]["token"])
    assert report.to_claims() == VECTORS["report"]["claims"]
    check_report(report, ASKED)
    assert found_in(report) == set()


@named(VECTORS["refused_reports"])
def test_a_report_is_refused(vector):
    with pytest.raises(getattr(protocol.errors, vector["flaw"])):
        read(vector["token"])


@named(VECTORS["findings"])
def test_a_report_gives_findings(vector):
    signed_by = verify_usage_report(
        vector["token"],
        replace(ASKED, sent_at=NOW, last_report_at=0),
        partner=(AGENCY,),
        anchors=ANCHORS,
        now=NOW + DAY,
    )
    assert found_in(signed_by.says) == set(vector["findings"])
    assert FINDINGS[vector["name"]][0] in vector["findings"]


def test_head_and_growth_are_accepted():
    found = verify_usage_head(VECTORS["head"]["token"], log="2026", partner=(AGENCY,), anchors=ANCHORS, now=NOW)
    assert found.head == LogHead.from_fields(Fields(VECTORS["head"]["claims"], "head"))
    Growth.from_dict(VECTORS["consistency"]).verify(SEEN, found.head)


def test_the_directory_is_accepted():
    found = verify_partner_directory(VECTORS["directory"]["token"], anchors=REGISTRARS, now=NOW, known=None)
    assert found.says.to_claims() == VECTORS["directory"]["claims"]


def test_a_report_is_read_as_it_was_made():
    assert UsageReport.from_fields(Fields(VECTORS["report"]["claims"], "report")) == REPORT
