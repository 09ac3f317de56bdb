"""A meeting of wallet and reader: its engagement, its messages, and the codes that carry them."""

from itertools import islice

import pytest

from hoheit.inspect.recognise import explain
from hoheit.inspect.source import read_source
from hoheit.inspect.surroundings import Surroundings
from protocol.cbor import encode_cbor
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, TooLarge
from protocol.mdoc.engagement import DeviceEngagement, RetrievalMethod
from protocol.mdoc.frames import PREFIX, Frame, encode_frames
from protocol.mdoc.session import SessionData, Termination
from tests.protocol.mdoc.annex_d import DEVICE_KEY, READER_KEY, annex_d
from tests.protocol.mdoc.samples import PKI, issued
from tests.support.pictures import picture
from tests.support.pki import NOW

AROUND = Surroundings(NOW, PKI.anchors)
ENGAGEMENT = DeviceEngagement.begin(DEVICE_KEY.public_key, (RetrievalMethod(-7, 1, {"uri": "https://relay.example"}),))


def test_an_engagement_is_explained(tmp_path):
    report = explain(ENGAGEMENT.to_text(), AROUND)
    assert report.content["the wallet's key for this session"] == DEVICE_KEY.public_key.to_jwk()
    assert report.content["ways to meet"] == [
        {
            "by": "of a kind that the standard does not have (-7)",
            "version": 1,
            "options": {"uri": "https://relay.example"},
        }
    ]
    assert (report.anything_checked, report.sound) == (False, True)
    file = tmp_path / "code.png"
    file.write_bytes(picture(ENGAGEMENT.to_text()))
    assert explain(read_source(str(file)), AROUND) == report
    assert explain(ENGAGEMENT.raw.hex(), AROUND) == report
    assert explain(ENGAGEMENT.to_text().replace("mdoc:", "MDOC:"), AROUND) == report


def test_the_engagement_of_the_standard_is_by_bluetooth():
    report = explain(annex_d("device_engagement").hex(), AROUND)
    assert [way["by"] for way in report.content["ways to meet"]] == ["Bluetooth Low Energy"]


def test_the_messages_of_the_standards_session_say_no_more_than_their_sizes():
    establishment = explain(annex_d("session_establishment").hex(), AROUND)
    assert establishment.content == {
        "the reader's key for this session": READER_KEY.public_key.to_jwk(),
        "size of the request": len(annex_d("device_request")),
    }
    data = explain(annex_d("session_data").hex(), AROUND)
    assert data.content == {"size of the content": len(annex_d("device_response"))}
    assert not establishment.anything_checked
    assert not data.anything_checked


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (Termination.ENCRYPTION_ERROR, "10: something could not be decrypted"),
        (Termination.DECODING_ERROR, "11: something could not be read"),
        (Termination.TERMINATED, "20: it is over"),
        (7, "7: for a reason that is not known here"),
    ],
)
def test_why_a_session_ends_is_told(status, meaning):
    assert explain(SessionData(None, status).to_bytes().hex(), AROUND).content == {"the session ends": meaning}
    both = explain(SessionData(bytes(20), status).to_bytes().hex(), AROUND)
    assert both.content == {"size of the content": 4, "the session ends": meaning}


# Codes that change


def test_one_of_several_codes_tells_how_many_it_takes():
    message = decode_base64url(issued())
    for number, text in islice(enumerate(encode_frames(message)), 20):
        report = explain(text, AROUND)
        frame = Frame.from_text(text)
        assert frame.count > 1
        assert report.content == {
            "of the message": frame.id.hex(),
            "size of the message": len(message),
            "number of this code": number,
            "bytes of the message in each code": len(frame.data),
            "different codes that give the message back": frame.count,
        }
        assert (report.inside, report.anything_checked) == ([], False)


def test_a_single_code_is_opened():
    message = SessionData(None, Termination.TERMINATED).to_bytes()
    report = explain(next(encode_frames(message)), AROUND)
    assert [part.content for part in report.inside] == [{"the session ends": "20: it is over"}]
    assert report.sound


def test_a_single_code_with_nothing_that_is_known():
    report = explain(next(encode_frames(b"hello")), AROUND)
    assert (report.inside, report.sound) == ([], True)
    assert "no token" in report.findings[-1].text


def test_a_single_code_that_was_altered_is_found():
    frame = Frame.from_text(next(encode_frames(b"hello")))
    broken = Frame(frame.id, frame.size, frame.number, frame.data[:-1] + bytes((frame.data[-1] ^ 1,)))
    report = explain(broken.to_text(), AROUND)
    assert [finding.passed for finding in report.findings] == [False]
    assert report.inside == []


def test_what_is_no_code_is_refused():
    with pytest.raises(Malformed):
        explain(PREFIX + "%", AROUND)
    with pytest.raises(TooLarge):
        explain(PREFIX + "0" * 2000, AROUND)
    with pytest.raises(TooLarge):
        explain(encode_cbor({"data": bytes(1 << 20)}).hex(), AROUND)
