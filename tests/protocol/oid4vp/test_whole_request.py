"""The whole of what several signed for a page: as it came, because a receipt names it by its hash."""

from tests.protocol.oid4vp.page_side import MULTISIGNED, SIGNED, asked_by, signed, signed_by_all


def test_a_request_that_several_signed_is_kept_whole():
    data = signed_by_all()
    verified = asked_by(MULTISIGNED, data)
    assert verified.whole == data["request"]
    assert verified.raw != data["request"]


def test_of_a_single_signature_its_text_is_the_whole():
    data = signed()
    verified = asked_by(SIGNED, data)
    assert verified.whole is None
    assert verified.raw == data["request"]
