"""A wallet that is served in a town where several take what is forwarded, and what its citizen does there."""

import re
from html import unescape

from runtime.anchors import write_anchor
from tests.wallet.forward_town import NAMES, ForwardTown
from tests.wallet.service_town import REGISTRAR
from tests.wallet.web.visitor import Served, words_of


class ServedForwardTown(Served):
    """A wallet that is served in a town where several take what is forwarded."""

    def __init__(self, folder):
        super().__init__(folder, ForwardTown(None), registrar_url=REGISTRAR)
        pki = self.world.publisher.pki
        write_anchor(self.settings.anchors_folder, "registrar.pem", pki.root.pem, role=pki.role, name="The registrar")
        pki = self.world.registrar.pki
        write_anchor(self.settings.anchors_folder, "register.pem", pki.root.pem, role=pki.role, name="The register")
        for name, taker in self.world.takers.items():
            pki = taker.pki
            write_anchor(self.settings.anchors_folder, f"{name}.pem", pki.root.pem, role=pki.role, name="The register")

    def fetch(self):
        """Have what the registrar publishes fetched."""
        opened = self.wallet()
        opened.run(opened.wallet.context.published.when_due())

    @property
    def card(self):
        """The id of the one document."""
        [document] = self.wallet().wallet.keeping.documents()
        return document.id


def boxes(page):
    """The boxes for recipients in a choice: provider → name."""
    found = re.findall(r'name="(to-[0-9a-f]{32})"[^>]*> <span><strong>([^<]*)<', page.text)
    return {unescape(provider): name for name, provider in found}


def picked(served, citizen, *names):
    """Pick recipients; the address of what each would get."""
    address = f"/cards/{served.card}/forward"
    shown = boxes(citizen.get(address))
    ticked = {shown[NAMES[name]]: "yes" for name in names or NAMES}
    asked = citizen.post(address, page=address, **ticked)
    assert asked.status_code == 303, words_of(asked)
    return asked.headers["location"]


def ticked(page):
    """The recipients that are ticked."""
    return [int(place) for place in re.findall(r'name="to-(\d+)"[^>]* checked', page.text)]
