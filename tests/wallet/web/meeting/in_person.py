"""A wallet that meets somebody in person, and whoever scans its code."""

from protocol.encoding import encode_base64url
from protocol.mdoc.frames import FrameDecoder
from runtime.anchors import write_anchor
from tests.support.moving_codes import drawn_from, seen
from tests.wallet.meeting import ISSUER, MeetingWorld, Reader, asks, document
from tests.wallet.web.visitor import Served, words_of
from wallet.web.things import CodeOnScreen

MEET = "/meet"


def serve(folder, **settings):
    """A wallet that is served, with a licence for whoever opens it."""
    world = MeetingWorld(None)
    served = Served(folder, world, **settings)
    for pki, file in ((ISSUER, "ministry"), (world.registrar.pki, "registrar")):
        write_anchor(served.settings.anchors_folder, f"{file}.pem", pki.root.pem, role=pki.role, name="The ministry")
    served.create()
    return served


def enter(served, language="en"):
    visitor = served.visitor(language)
    visitor.unlock()
    served.vault.write(put=[document()])
    return visitor


def show(holder):
    """The page with a code."""
    shown = holder.post(MEET, page="/")
    assert shown.status_code == 303
    return shown.headers["location"]


def scan(served, place, *asked, **changes):
    """Somebody scans the code that is on the screen."""
    number = place.rpartition("/")[2]
    shown = served.door._visit.shelf.look(number, CodeOnScreen).shown
    return Reader(served.world, shown.text, asked or (asks("family_name", "age_over_18"),), **changes)


def hold(holder, place, message):
    """Hold the camera to a moving code; the page that it leads to."""
    return holder.post(f"{place}/message", page=f"{place}/camera", message=encode_base64url(message))


def asked_by_codes(served, holder, *asked, **changes):
    """The reader, and the page with its question."""
    place = show(holder)
    reader = scan(served, place, *asked, **changes)
    return reader, question_at(holder, hold(holder, place, reader.message))


def question_at(holder, answer):
    """Where the question stands."""
    assert answer.status_code == 303, words_of(answer)
    found = holder.get(answer.headers["location"])
    assert found.status_code == 303, words_of(found)
    return found.headers["location"]


def read_codes(holder, place):
    """What a camera reads from the page."""
    decoder = FrameDecoder()
    for text in seen(drawn_from(holder.get(f"{place}/codes").json())):
        if (message := decoder.add(text)) is not None:
            return message
    raise AssertionError("these codes give no message")


def outcomes(served):
    return [(entry.action, entry.outcome) for entry in served.vault.log()]
