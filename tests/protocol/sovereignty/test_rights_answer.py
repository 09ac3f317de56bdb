"""What a partner hands out: encrypted to a fresh key, signed, and to this request alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotForThisRequest,
    NotTrusted,
    ProtocolError,
    TooLarge,
    Unsupported,
)
from protocol.fields import Fields
from protocol.jwe import Jwe, encrypt_jwe
from protocol.sovereignty.claims import MAX_ID, MAX_QUERIES
from protocol.sovereignty.rights import Right, sign_rights_request, verify_rights_request
from protocol.sovereignty.rights_answer import (
    CTY,
    MAX_FILE,
    MAX_RECIPIENTS,
    TYP,
    AnsweredFile,
    Information,
    NamedRecipient,
    RightsAnswer,
    describe_file,
    open_file,
    open_rights_answer,
    seal_file,
    seal_rights_answer,
)
from protocol.sovereignty.rights_status import RightsStatus, SentRequest, State
from protocol.sovereignty.signing import hash_text, sign_as_organisation
from tests.protocol.sovereignty.test_rights import ACCESS, CLAIMS, CONCERNED, ERASURE
from tests.support.partners import (
    AGENCY,
    BANK,
    COCKPIT_KEY,
    ENC_KEY,
    OTHER_KEY,
    RECEIPT,
    both,
    known_partners,
    partner_anchors,
)
from tests.support.pki import NOW, seeded, seeded_key
from tests.support.strategies import almost, flip, json_values

ID = "case-0123456789abcdef"
REQUEST = verify_rights_request(sign_rights_request(ACCESS, COCKPIT_KEY), CONCERNED, now=NOW)
SENT = SentRequest(REQUEST.hash, Right.ACCESS, NOW, NOW, CLAIMS)
SCAN = describe_file("scan.pdf", "application/pdf", b"%PDF-1.7 a scan")
SCAN_WIRE = {"name": "scan.pdf", "type": "application/pdf", "size": SCAN.size, "hash": SCAN.hash}
TEXT = both("Steht hier.", "Stands here.")
INFORMATION = Information(
    TEXT, TEXT, (NamedRecipient("Bank", "LEIXG-1", TEXT), NamedRecipient("ein Nachbar", None, ())),
    TEXT, TEXT, TEXT, TEXT, TEXT,
)  # fmt: skip
ANSWER = RightsAnswer(
    ID, REQUEST.hash, RECEIPT, Right.ACCESS, NOW, {"pid": {"family_name": "Mustermann"}}, (SCAN,), INFORMATION
)


def seal(answer=ANSWER, *, request=REQUEST, organisation=AGENCY):
    pki = known_partners()[organisation]
    return seal_rights_answer(answer, request, pki.signer, pki.x5c, ephemeral=seeded_key(77), random_bytes=seeded(78))


def wrap(content, *, key=ENC_KEY, enc="A256GCM", cty: str | None = CTY):
    """A JWE that our own side does not make."""
    content = content if isinstance(content, bytes) else content.encode()
    return encrypt_jwe(
        content,
        key.public_key,
        enc=enc,
        kid=None,
        ephemeral=seeded_key(77),
        random_bytes=seeded(78),
        extra=None if cty is None else {"cty": cty},
    )


def forged(organisation=AGENCY, typ=TYP, **changes):
    pki = known_partners()[organisation]
    claims = {name: value for name, value in {**ANSWER.to_claims(), **changes}.items() if value is not ...}
    return sign_as_organisation(typ, claims, pki.signer, pki.x5c)


def read(text, *, key=ENC_KEY, sent=SENT, named=None):
    status = RightsStatus(ID, sent.hash, sent.right, State.DONE, NOW, NOW, answer=named or hash_text(text))
    return open_rights_answer(
        text, key, sent, status, receipt=RECEIPT, partner=(AGENCY,), anchors=partner_anchors(), now=NOW
    )


def test_an_answer_is_read_as_it_was_made():
    text = seal()
    found = read(text)
    assert (found.says, found.signed.signer) == (ANSWER, AGENCY)
    jwe = Jwe.from_compact(text)
    assert (jwe.enc, jwe.cty, jwe.kid) == ("A256GCM", "JWT", None)


def test_portability_needs_no_information():
    asked = replace(ACCESS, right=Right.PORTABILITY)
    request = verify_rights_request(sign_rights_request(asked, COCKPIT_KEY), CONCERNED, now=NOW)
    answer = replace(ANSWER, right=Right.PORTABILITY, request=request.hash, information=None, files=())
    sent = replace(SENT, hash=request.hash, right=Right.PORTABILITY)
    assert read(seal(answer, request=request), sent=sent).says == answer


@given(st.dictionaries(st.sampled_from(["pid", "card"]), json_values))
def test_whatever_data_there_is_arrives(data):
    assert read(seal(replace(ANSWER, data=data))).says.data == data


@pytest.mark.parametrize(
    ("make", "flaw"),
    [
        pytest.param(lambda: wrap(forged(), key=OTHER_KEY), NotAuthentic, id="to another key"),
        pytest.param(lambda: wrap(forged(), enc="A128GCM"), NotAuthentic, id="another encryption"),
        pytest.param(lambda: wrap(forged(), cty="JSON"), NotAuthentic, id="another content"),
        pytest.param(lambda: wrap(forged(), cty=None), NotAuthentic, id="content of no type"),
        pytest.param(lambda: wrap(forged(BANK)), NotTrusted, id="signed by somebody else"),
        pytest.param(lambda: wrap(forged(typ="rights-status+jwt")), NotAuthentic, id="another type"),
        pytest.param(lambda: wrap(encode_json(ANSWER.to_claims())), Malformed, id="not signed"),
        pytest.param(lambda: wrap("é".encode("latin-1")), Malformed, id="no token"),
        pytest.param(lambda: wrap(forged(request=hash_text("x"))), NotForThisRequest, id="to another request"),
        pytest.param(lambda: wrap(forged(receipt="receipt-of-another-one")), NotForThisRequest, id="another receipt"),
        pytest.param(lambda: wrap(forged(id="case-of-another-person")), NotForThisRequest, id="another case"),
        pytest.param(lambda: wrap(forged(right="portability")), NotForThisRequest, id="another right"),
        pytest.param(lambda: wrap(forged(right="erasure")), Malformed, id="a right that hands out nothing"),
        pytest.param(lambda: wrap(forged(right="all")), Unsupported, id="an unknown right"),
        pytest.param(lambda: wrap(forged(data={"other": {}})), NotForThisRequest, id="data that was never given"),
        pytest.param(lambda: wrap(forged(data=...)), Malformed, id="no data"),
        pytest.param(lambda: wrap(forged(information=...)), Malformed, id="access without information"),
        pytest.param(lambda: wrap(forged(files=[SCAN_WIRE, SCAN_WIRE])), Malformed, id="a file twice"),
    ],
)
def test_anything_else_is_refused(make, flaw):
    with pytest.raises(flaw):
        read(make())


@pytest.mark.parametrize("member", sorted(set(INFORMATION.to_dict())))
def test_every_letter_of_article_15_is_told(member):
    told = {name: value for name, value in INFORMATION.to_dict().items() if name != member}
    with pytest.raises(Malformed, match=member):
        read(wrap(forged(information=told)))


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".profile", "a\nb", "C:x", "a\u202eb"])
def test_a_file_is_named_as_a_file(name):
    with pytest.raises(Malformed, match="plain name"):
        read(wrap(forged(files=[{**SCAN_WIRE, "name": name}])))


def test_only_the_answer_that_the_status_names_is_opened():
    with pytest.raises(NotForThisRequest, match="status"):
        read(seal(), named=hash_text("another"))


def test_an_answer_to_another_request_is_not_sealed():
    for other in (
        replace(ANSWER, request=hash_text("x")),
        replace(ANSWER, receipt="receipt-of-another-one"),
        replace(ANSWER, right=Right.PORTABILITY),
    ):
        with pytest.raises(ValueError, match="another request"):
            seal(other)
    erasure = verify_rights_request(sign_rights_request(ERASURE, COCKPIT_KEY), CONCERNED, now=NOW)
    with pytest.raises(ValueError, match="another request"):
        seal(replace(ANSWER, request=erasure.hash, right=Right.ERASURE), request=erasure)


def test_an_answer_that_says_too_little_or_too_much_is_not_sealed():
    with pytest.raises(ValueError, match="information"):
        seal(replace(ANSWER, information=None))
    with pytest.raises(ValueError, match="files"):
        seal(replace(ANSWER, data={"pid": "x" * 400_000}))


def test_a_large_answer_is_read_again():
    answer = replace(ANSWER, data={"pid": "x" * 350_000})
    assert read(seal(answer)).says == answer


@given(st.binary(max_size=300))
def test_a_file_arrives(content):
    text = seal_file(content, REQUEST, ephemeral=seeded_key(79), random_bytes=seeded(80))
    assert open_file(text, ENC_KEY, describe_file("f", "text/plain", content)) == content


def test_another_file_is_refused():
    text = seal_file(b"x" * 9000, REQUEST, ephemeral=seeded_key(79), random_bytes=seeded(80))
    with pytest.raises(NotAuthentic, match="not the one"):
        open_file(text, ENC_KEY, describe_file("f", "text/plain", b"y" * 9000))
    with pytest.raises(NotAuthentic, match="not the one"):
        open_file(text, ENC_KEY, replace_size(describe_file("f", "text/plain", b"x" * 9000), 9001))
    with pytest.raises(TooLarge):
        open_file(text, ENC_KEY, describe_file("f", "text/plain", b"y"))
    with pytest.raises(NotAuthentic, match="another type"):
        open_file(wrap(b"y"), ENC_KEY, describe_file("f", "text/plain", b"y"))
    with pytest.raises(NotAuthentic, match="decrypted"):
        open_file(text, OTHER_KEY, describe_file("f", "text/plain", b"x" * 9000))


def replace_size(file, size):
    return AnsweredFile(file.name, file.media_type, size, file.hash)


def informed(**changes):
    return wrap(forged(information={**INFORMATION.to_dict(), **changes}))


def test_there_are_caps_on_what_is_told():
    recipients = [{"name": "Bank"}] * MAX_RECIPIENTS
    assert len(read(informed(recipients=recipients)).says.information.recipients) == MAX_RECIPIENTS
    assert read(informed(recipients=[])).says.information.recipients == ()
    wrong: list[dict[str, str]] | dict[str, str] | str
    for wrong in ([*recipients, recipients[0]], {}, "nobody"):
        with pytest.raises(Malformed, match="recipients"):
            read(informed(recipients=wrong))
    queries = {f"{n:0{MAX_ID}}": 1 for n in range(MAX_QUERIES)}
    assert read(wrap(forged(data=queries)), sent=replace(SENT, claims=dict.fromkeys(queries, ()))).says.data == queries
    for many in ({**queries, "one more": 1}, {"": 1}, {"x" * (MAX_ID + 1): 1}):
        with pytest.raises(Malformed, match="data"):
            read(wrap(forged(data=many)))


def test_a_file_is_sealed_only_to_a_key_of_the_request():
    erasure = verify_rights_request(sign_rights_request(ERASURE, COCKPIT_KEY), CONCERNED, now=NOW)
    with pytest.raises(ValueError, match="no key"):
        seal_file(b"x", erasure, ephemeral=seeded_key(79), random_bytes=seeded(80))
    assert seal_file(bytes(MAX_FILE), REQUEST, ephemeral=seeded_key(79), random_bytes=seeded(80))


def test_a_file_over_the_cap_is_not_sealed():
    with pytest.raises(ValueError, match="too large"):
        seal_file(bytes(MAX_FILE + 1), REQUEST, ephemeral=seeded_key(79), random_bytes=seeded(80))


@given(almost(ANSWER.to_claims()))
def test_no_input_escapes_the_error_family(claims):
    try:
        answer = RightsAnswer.from_fields(Fields(claims, "answer"))
    except ProtocolError:
        return
    assert RightsAnswer.from_fields(Fields(answer.to_claims(), "answer")) == answer


SEALED = seal()


@given(st.integers(0, 50_000), st.sampled_from([0, 2, 3, 4]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = SEALED.split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    altered = ".".join(parts)
    with pytest.raises(ProtocolError):
        read(altered, named=hash_text(altered))
