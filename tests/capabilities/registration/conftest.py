"""Somebody who registers, with a folder of their own."""

import pytest

from capabilities.registration.registering import CERTIFICATES, Registrant
from runtime.certificates import CertificateNames
from runtime.installation import open_keys
from tests.support.pki import NOW, seeded
from verifier.installation import SIGNING, NewVerifier, set_up_verifier

NAMES = CertificateNames("Kino Capitol", "Kino Capitol")


@pytest.fixture
def registrant(tmp_path) -> Registrant:
    new = NewVerifier(tmp_path / "kino", "https://kino.example", (("de", "Kino Capitol"),))
    set_up_verifier(new, now=NOW, random_bytes=seeded(3))
    data = tmp_path / "kino"
    return Registrant(data, open_keys(data, None), SIGNING, NAMES, data / CERTIFICATES)
