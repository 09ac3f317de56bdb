"""Which signers were revoked stands in a file to which is only added, and which nobody alters unseen."""

import pytest

from issuer.revoked import FILE, MAX_REVOKED, add_revoked, read_revoked
from protocol.crl import RevocationReason
from protocol.errors import Malformed
from runtime.crl import RevokedCertificate
from tests.support.pki import NOW

ONE = RevokedCertificate(0x1234ABCD << 80, NOW, RevocationReason.KEY_COMPROMISE)
TWO = RevokedCertificate(7, NOW + 5)


def test_nothing_is_revoked_at_first(tmp_path):
    assert read_revoked(tmp_path) == ()


def test_what_is_put_in_stays_in_in_its_order(tmp_path):
    add_revoked(tmp_path, ONE)
    add_revoked(tmp_path, TWO)
    assert read_revoked(tmp_path) == (ONE, TWO)
    add_revoked(tmp_path, ONE._replace(revoked_at=NOW + 100))
    assert read_revoked(tmp_path) == (ONE, TWO)
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (b"\xff", "revoked.toml"),
        (b"certificates = [", "revoked.toml"),
        (b"", "revoked.toml.certificates"),
        (b'[[certificates]]\nserial = "xyz"\nat = 1\nreason = "unspecified"', "revoked.toml.certificates[0].serial"),
        (
            b'[[certificates]]\nserial = "' + b"1" * 41 + b'"\nat = 1\nreason = "unspecified"',
            "revoked.toml.certificates[0].serial",
        ),
        (b'[[certificates]]\nserial = "1"\nat = 1\nreason = "other"', "revoked.toml.certificates[0].reason"),
        (b'[[certificates]]\nserial = "1"\nreason = "unspecified"', "revoked.toml.certificates[0].at"),
    ],
    ids=["no text", "no TOML", "emptied", "no number", "a long number", "no reason", "no time"],
)
def test_a_file_that_was_altered_is_no_empty_one(tmp_path, content, at):
    (tmp_path / FILE).write_bytes(content)
    for read in (lambda: read_revoked(tmp_path), lambda: add_revoked(tmp_path, ONE)):
        with pytest.raises(Malformed) as refusal:
            read()
        assert refusal.value.at == at
    assert (tmp_path / FILE).read_bytes() == content


def test_a_full_file_takes_no_more(tmp_path):
    line = '[[certificates]]\nserial = "{:x}"\nat = 1\nreason = "superseded"\n'
    (tmp_path / FILE).write_text("".join(line.format(number) for number in range(1, MAX_REVOKED + 1)))
    assert len(read_revoked(tmp_path)) == MAX_REVOKED
    with pytest.raises(Malformed, match="a new authority is needed"):
        add_revoked(tmp_path, ONE)
