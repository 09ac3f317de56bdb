"""Which lists count, and what a reader of the kept ones does when it is asked again."""

from dataclasses import replace

import pytest

from protocol.errors import Flaw
from protocol.trust.list_signature import sign_list
from protocol.trust.list_types import ListType
from protocol.trust.lists import ListPointer
from protocol.trust.localized import Localized
from runtime.trust_lists.configured import MAX_LISTS, FollowedList, FollowedLists
from runtime.trust_lists.forms import XML, ListForm
from runtime.trust_lists.kept import KeptLists
from runtime.trust_lists.standing import ListReader, everything, lacks_reader, list_at
from tests.protocol.trust.lists import OPERATOR, a_list, entity, service
from tests.support.pki import NOW, Template, make_pki

AGENCY, SCHOOL = (make_pki(Template(common_name=name)) for name in ("Agency", "School"))
URL = "https://trust.example/lists/pid"
FOLLOWED = FollowedList(URL, str(ListType.PID_PROVIDERS), (OPERATOR.certificate,), "The state's")
ABOVE = FollowedList("https://trust.example/lists/all", str(ListType.REGISTRARS), (OPERATOR.certificate,), "All")
IN_XML = ListPointer(
    "https://trust.example/lists/de.xml",
    str(ListType.TRUSTED_LIST),
    (OPERATOR.certificate,),
    (Localized("en", "A member state"),),
    media_type=XML.media_type,
)


def pointer(url):
    return ListPointer(url, str(ListType.PID_PROVIDERS), (OPERATOR.certificate,), (Localized("en", "Somebody"),))


def signed(number, pki=AGENCY):
    one = a_list(
        ListType.PID_PROVIDERS,
        entity(service(ListType.PID_PROVIDERS, pki.root.certificate)),
        sequence_number=number,
    )
    return sign_list(one, OPERATOR.signer, (OPERATOR.certificate.to_x5c(),), signed_at=NOW).encode()


def test_an_address_counts_once_and_as_the_operator_wrote_it():
    followed = FollowedLists((FOLLOWED,), (ABOVE,))
    found = list(everything(followed, lambda _: (pointer(URL), pointer(f"{URL}/2"), pointer(f"{URL}/2"))))
    assert [one.url for one in found] == [URL, f"{URL}/2"]
    assert found[0] is FOLLOWED


def test_however_many_a_list_of_lists_names_no_more_than_so_many_are_followed():
    """T246"""
    followed = FollowedLists((FOLLOWED,), (ABOVE,))
    pointers = [pointer(f"{URL}/{number}") for number in range(MAX_LISTS + 5)]
    assert len(list(everything(followed, lambda _: pointers))) == MAX_LISTS


def test_without_a_reader_a_list_in_xml_is_not_followed_and_the_operator_can_be_told(monkeypatch):
    assert list_at(IN_XML) is not None
    assert not lacks_reader(IN_XML)
    monkeypatch.setattr(ListForm, "is_readable", lambda form: not form.needs)
    assert list_at(IN_XML) is None
    assert lacks_reader(IN_XML)
    # Nor would it be followed with one
    assert not lacks_reader(replace(IN_XML, signers=()))
    assert list_at(pointer(URL)) is not None


def test_a_list_that_cannot_be_read_makes_nobody_trusted_however_often_it_is_asked_for(tmp_path, capsys):
    """T215: it is told once, not for every request."""
    kept = KeptLists(tmp_path)
    kept.keep(FOLLOWED, signed(1), now=NOW)
    [file] = tmp_path.glob("*.jose")
    file.write_bytes(b"damaged")
    reader = ListReader(kept)
    for _ in range(3):
        assert reader.read(FollowedLists((FOLLOWED,)), now=NOW).anchors == ()
    assert capsys.readouterr().out.count(URL) == 1


def test_a_list_that_did_not_change_is_not_read_twice(tmp_path, monkeypatch):
    kept = KeptLists(tmp_path)
    kept.keep(FOLLOWED, signed(1), now=NOW)
    read, before = [], KeptLists.read

    def noted(self, one, *, now):
        read.append(one)
        return before(self, one, now=now)

    monkeypatch.setattr(KeptLists, "read", noted)
    reader = ListReader(kept)
    for _ in range(3):
        assert len(reader.read(FollowedLists((FOLLOWED,)), now=NOW).anchors) == 1
    assert read == [FOLLOWED]


def test_a_machine_that_stopped_between_list_and_memory_still_takes_none_that_is_older(tmp_path):
    """T088: the list is written first, so the memory can be the older one."""
    kept = KeptLists(tmp_path)
    kept.keep(FOLLOWED, signed(1), now=NOW)
    [memory] = tmp_path.glob("*.seen")
    of_before = memory.read_bytes()
    newest = signed(3)
    kept.keep(FOLLOWED, newest, now=NOW)
    memory.write_bytes(of_before)
    with pytest.raises(Flaw):
        kept.keep(FOLLOWED, signed(2, SCHOOL), now=NOW)
    assert kept.keep(FOLLOWED, newest, now=NOW).seen.sequence_number == 3
