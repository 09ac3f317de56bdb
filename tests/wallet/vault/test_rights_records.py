"""What was asked of partners lies in the vault with the answer that it is about; older files know nothing of it."""

import json

from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.disclosures import disclosure
from tests.wallet.vault.tampering import opened
from wallet.disclosure_records import KeptStatus, RightsAsked
from wallet.vault.change import CODEC

ASKED = RightsAsked(
    "request-of-16-letters", "access", NOW, "a.b.c", "11" * 32, NOW, NOW, (KeptStatus("d", NOW, "good"),)
)


def test_it_is_there_after_a_restart(path, vault):
    vault.write(put=[disclosure(rights=(ASKED,))])
    vault.close()
    with opened(path, PASSPHRASE) as again:
        assert again.disclosures() == (disclosure(rights=(ASKED,)),)


def test_a_record_of_before_there_were_rights_is_read():
    name, members = json.loads(CODEC.encode(disclosure()))
    del members["rights"]
    assert CODEC.decode(json.dumps([name, members])) == disclosure()
