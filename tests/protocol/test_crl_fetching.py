"""Which lists of revoked certificates are fetched for a chain, and which are not fetched again."""

from dataclasses import replace

import pytest
from cryptography import x509

from protocol.crl import (
    MAX_ADDRESSES,
    MAX_CRL,
    check_not_revoked,
    fetch_crls,
)
from protocol.errors import (
    Malformed,
    NotTrusted,
    NotValidNow,
    RolledBack,
    Unreachable,
)
from protocol.exchange import HttpResponse, run
from tests.protocol.crls import ABOVE, DEEP, HOUR, PARTY, ROOT, URI, chain_of, crl, never, points, trusted, verified
from tests.support.pki import INTERMEDIATE, LEAF, NOW, make_pki


class Web:
    """Answers by address, and remembers who was asked."""

    def __init__(self, answers=()):
        self.answers = dict(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.get(request.url, 404)
        if isinstance(answer, int):
            return HttpResponse(answer, (), b"")
        return HttpResponse(200, (("content-type", "application/pkix-crl"),), answer)


def fetch(web, party=PARTY, known=(), now=NOW):
    return run(fetch_crls(party, {found.uri: found for found in known}, now=now), web)


def test_the_list_that_a_certificate_names_is_fetched():
    web = Web({URI: crl()})
    lists = fetch(web)
    assert [found.uri for found in lists] == [URI]
    check_not_revoked(PARTY, lists, now=NOW, at="x5c")
    assert [(request.method, request.url, request.max_bytes) for request in web.asked] == [("GET", URI, MAX_CRL)]


def test_a_known_list_is_not_fetched_again_while_it_holds():
    known = verified()
    assert run(fetch_crls(PARTY, {URI: known}, now=NOW + HOUR - 1), never) == (known,)
    fresh = crl(now=NOW + HOUR, number=6)
    assert fetch(Web({URI: fresh}), known=[known], now=NOW + HOUR)[0].number == 6


def test_a_known_list_of_another_issuer_is_fetched_again():
    known = replace(verified(), issuer=DEEP.root.certificate, number=99)
    assert fetch(Web({URI: crl()}), known=[known])[0].issuer == ROOT


def test_a_chain_needs_a_list_for_each_certificate():
    party = trusted(DEEP)
    web = Web({URI: crl(authority=DEEP.chain[1]), ABOVE: crl(authority=DEEP.root)})
    check_not_revoked(party, fetch(web, party), now=NOW, at="x5c")
    assert [request.url for request in web.asked] == [URI, ABOVE]


def test_an_older_list_than_the_one_known_is_refused():  # T091
    known = verified(number=9)
    with pytest.raises(RolledBack):
        fetch(Web({URI: crl(number=8, now=NOW + HOUR)}), known=[known], now=NOW + HOUR)
    assert fetch(Web({URI: crl(number=9, now=NOW + HOUR)}), known=[known], now=NOW + HOUR)


def test_a_list_that_is_out_of_reach_is_not_taken_for_an_empty_one():  # T091
    for status in (404, 500, 301):
        with pytest.raises(Unreachable):
            fetch(Web({URI: status}))

    def unreachable(_):
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        run(fetch_crls(PARTY, {}, now=NOW), unreachable)


def test_a_list_that_is_out_of_date_is_not_taken():  # T091
    with pytest.raises(NotValidNow):
        fetch(Web({URI: crl(now=NOW - HOUR)}))


def test_a_certificate_that_names_no_list_is_not_known_to_be_good():  # T091
    with pytest.raises(NotTrusted, match="where it is"):
        run(fetch_crls(trusted(chain_of(())), {}, now=NOW), never)


@pytest.mark.parametrize(
    "uri", ["http://registrar.example/access.crl", "ldap://registrar.example/cn=x", "file:///etc/x"]
)
def test_only_https_is_called(uri):  # T206
    with pytest.raises(Malformed):
        run(fetch_crls(trusted(chain_of((uri,))), {}, now=NOW), never)


def test_another_address_is_tried_if_one_is_out_of_reach():
    pki = chain_of(("ldap://x", ABOVE, URI))
    party = trusted(pki)
    web = Web({URI: crl(authority=pki.root)})
    lists = fetch(web, party)
    assert [request.url for request in web.asked] == [ABOVE, URI]
    check_not_revoked(party, lists, now=NOW, at="x5c")


def test_no_certificate_makes_us_call_the_whole_world():
    pki = chain_of(tuple(f"https://host{i}.example/crl" for i in range(MAX_ADDRESSES + 3)))
    web = Web()
    with pytest.raises(Unreachable):
        fetch(web, trusted(pki))
    assert len(web.asked) == MAX_ADDRESSES


def test_parts_of_a_list_and_lists_of_others_are_not_asked_for():
    part = points(ABOVE, reasons=frozenset((x509.ReasonFlags.key_compromise,)))
    other = points(ABOVE, crl_issuer=[x509.DirectoryName(INTERMEDIATE.name())])
    for extensions in (part, other):
        assert make_pki(replace(LEAF, extensions=extensions)).leaf.certificate.crl_uris == ()


def test_a_chain_of_which_nobody_says_who_issued_it_has_no_lists():
    unanchored = replace(PARTY, anchor=None)
    with pytest.raises(NotTrusted, match="who issued"):
        check_not_revoked(unanchored, [verified()], now=NOW, at="x5c")
    with pytest.raises(NotTrusted, match="who issued"):
        run(fetch_crls(unanchored, {}, now=NOW), lambda effect: HttpResponse(200, (), crl()))
