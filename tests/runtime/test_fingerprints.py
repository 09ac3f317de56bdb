"""Fingerprints as two people compare them."""

from hashlib import sha256

from runtime.fingerprints import fingerprint_lines, fingerprint_of
from tests.support.pki import Template, make_pki


def test_a_fingerprint_is_that_of_the_whole_certificate():
    root = make_pki(Template(common_name="Residents' office")).root.certificate
    assert fingerprint_of(root) == sha256(root.der).hexdigest()


def test_a_fingerprint_is_written_in_groups():
    assert fingerprint_lines("0123456789abcdef" * 4) == ["0123 4567 89AB CDEF"] * 4
