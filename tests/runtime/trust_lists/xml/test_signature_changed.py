"""A signed list in XML that was changed, moved or signed twice afterwards is not believed."""

import base64
from dataclasses import replace

import pytest
from lxml import etree
from signxml.xades.xades import XAdESVerifier

from protocol.errors import Malformed, NotAuthentic
from tests.runtime.trust_lists.xml.lists import (
    DS,
    LIST,
    TSL,
    UNIVERSITY,
    sign,
    time,
)
from tests.runtime.trust_lists.xml.verifying import (
    OTHER_LIST,
    issuers,
    properties,
    verify,
)
from tests.support.pki import DAY, NOW


def children(root, tag):
    return root.iter(f"{{{TSL}}}{tag}")


def change_status(root):
    next(children(root, "ServiceStatus")).text = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn"


def add_provider(root):
    other = etree.fromstring(OTHER_LIST).find(f"{{{TSL}}}TrustServiceProviderList")
    root.find(f"{{{TSL}}}TrustServiceProviderList").extend(other)


def change_signing_time(root):
    properties(root)[0].text = time(NOW - DAY)


def change_signature(root):
    value = root.find(f".//{{{DS}}}SignatureValue")
    raw = bytearray(base64.b64decode(value.text))
    raw[-1] ^= 1
    value.text = base64.b64encode(raw).decode()


def empty_signature(root):
    root.find(f".//{{{DS}}}SignatureValue").text = ""


@pytest.mark.parametrize("after", [change_status, add_provider, change_signing_time, change_signature, empty_signature])
def test_nothing_can_be_changed_after_it_was_signed(after):
    """T087"""
    with pytest.raises(NotAuthentic):
        verify(sign(LIST, after=after))


def test_a_signed_list_within_another_is_not_read_as_that():
    """T087: the signature of the inner list holds; what stands around it is anybody's."""
    signed = etree.fromstring(sign(LIST))
    other = etree.fromstring(OTHER_LIST)
    other.set("Id", "other")
    other.append(signed)
    with pytest.raises(Malformed):
        verify(etree.tostring(other))


@pytest.mark.parametrize("uri", ["", "#list"])
def test_a_signature_moved_to_another_list_does_not_hold_there(uri):
    """T087: with the list that it was made for kept inside it, where the reference could find it."""
    signed = etree.fromstring(sign(LIST, uri=uri))
    moved = signed.find(f"{{{DS}}}Signature")
    assert moved is not None
    other = etree.fromstring(OTHER_LIST)
    signed.remove(moved)
    kept = etree.SubElement(moved, f"{{{DS}}}Object")
    kept.append(signed)
    other.set("Id", "other")
    other.append(moved)
    with pytest.raises(Malformed):
        verify(etree.tostring(other))


@pytest.mark.parametrize("name", ["Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_an_identifier_that_stands_there_twice_is_refused(name):
    """T087: a reference could lead to either, however the identifier is spelled."""

    def double(root):
        next(children(root, "TrustServiceProvider")).set(name, "list")

    def double_properties(root):
        next(children(root, "TrustServiceProvider")).set(name, "props")

    text = etree.tostring(_changed(double)).decode()
    with pytest.raises(Malformed, match="several things"):
        verify(sign(text, uri="#list"))
    text = etree.tostring(_changed(double_properties)).decode()
    with pytest.raises(Malformed, match="several things"):
        verify(sign(text))


def _changed(change):
    root = etree.fromstring(LIST)
    change(root)
    return root


def test_a_second_signature_is_refused():
    """T087: wherever it stands."""
    raw = sign(LIST)
    with pytest.raises(Malformed, match="twice"):
        verify(sign(raw))

    def hide(root):
        extra = etree.SubElement(root.find(f".//{{{DS}}}Object"), f"{{{DS}}}Signature")
        extra.text = "x"

    with pytest.raises(Malformed):
        verify(sign(LIST, after=hide))


def test_a_signature_that_stands_elsewhere_is_refused():
    def first(root):
        root.insert(0, root.find(f"{{{DS}}}Signature"))

    with pytest.raises(Malformed, match="must stand last"):
        verify(sign(LIST, after=first))


def test_a_comment_splits_nothing_that_is_read():
    """Comments are not signed: who adds one must not be able to cut a text short (CVE-2017-11427)."""

    def split(root):
        status = next(children(root, "ServiceStatus"))
        status.text, rest = status.text[:-3], status.text[-3:]
        comment = etree.Comment("x")
        comment.tail = rest
        status.append(comment)

    found = verify(sign(LIST, after=split))
    assert issuers(found) == [UNIVERSITY.root.certificate]


def whole(results):
    """The list with its signature still in it."""
    return [replace(results[0], signed_xml=etree.fromstring(sign(LIST))), results[1]]


@pytest.mark.parametrize(
    "change",
    [
        lambda results: results[::-1],
        lambda results: [results[0], results[0]],
        lambda results: [replace(results[0], signed_xml=None), results[1]],
        whole,
    ],
    ids=["turned", "twice the list", "nothing", "whole"],
)
def test_what_was_signed_is_looked_at_once_more(change, monkeypatch):
    """T087: nothing is read of which the library does not say that it was signed."""
    really = XAdESVerifier.verify
    monkeypatch.setattr(XAdESVerifier, "verify", lambda self, *a, **kw: change(really(self, *a, **kw)))
    with pytest.raises(NotAuthentic, match="something else"):
        verify(sign(LIST))


def test_a_signature_of_another_document_is_refused():
    raw = sign(OTHER_LIST)
    moved = etree.fromstring(raw).find(f"{{{DS}}}Signature")
    assert moved is not None
    root = etree.fromstring(LIST)
    root.append(moved)
    with pytest.raises(NotAuthentic):
        verify(etree.tostring(root))


@pytest.mark.parametrize("named", ["", "!", "AAAA"])
def test_a_certificate_that_is_none_is_refused(named):
    def spoil(root):
        root.find(f".//{{{DS}}}X509Certificate").text = named

    with pytest.raises(Malformed):
        verify(sign(LIST, after=spoil))


def test_nothing_of_a_list_stands_in_an_error():
    with pytest.raises(NotAuthentic) as refusal:
        verify(sign(LIST, after=change_status))
    assert refusal.value.description == "trusted list: the signature does not hold"
