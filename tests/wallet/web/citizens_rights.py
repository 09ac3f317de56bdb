"""A citizen who gave data to a library with a cockpit, and asks it for what the law gives."""

from runtime.anchors import write_anchor
from tests.wallet.cockpit import CockpitWorld
from tests.wallet.web.flows import follow, paste, receive, say
from tests.wallet.web.visitor import Served


def serve(tmp_path):
    """A wallet that was made, and a library in its world."""
    world = CockpitWorld(None)
    served = Served(tmp_path / "wallet", world)
    write_anchor(
        served.settings.anchors_folder,
        "registrar.pem",
        world.registrar.pki.root.pem,
        role=world.registrar.pki.role,
        name="The town register",
    )
    served.create()
    return served


def open_with_document(served):
    """The browser that opened it, with a document in it."""
    visitor = served.visitor()
    visitor.unlock()
    say(visitor, receive(served, visitor), "yes")
    return visitor


def give(served, citizen):
    """Show the document to the library; the number of the entry."""
    follow(citizen, say(citizen, paste(citizen, served.world.partner.link()), "yes"))
    return next(entry.number for entry in reversed(served.vault.log()) if entry.action == "sharing")


def ask(citizen, number, right, **form):
    """Send it; the page that shows how it stands."""
    page = f"/activity/entry/{number}/rights/{right}"
    return citizen.post(page, page=page, **form)


def asked(served):
    """The address of the last request."""
    disclosure = served.vault.disclosures()[-1]
    return f"/activity/entry/{disclosure.log_number}/asked/{disclosure.rights[-1].id}"


def later(served, citizen, seconds):
    """Let time pass, and open the wallet again."""
    served.world.now += seconds
    served.door._visit.used_at = served.world.now
    citizen.unlock()
