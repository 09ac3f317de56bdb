"""What two citizens fetch is the same, byte for byte and at the same times, whatever they hold and do."""

import logging
from dataclasses import dataclass

from protocol.exchange import HttpRequest
from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.service_town import REGISTRAR, Publisher, ServiceWorld
from wallet.service.published import EVERY
from wallet.service_words import event_names
from wallet.vault.vault import Vault


def recorded(tmp_path, name, live, publisher):
    """The traffic to the registrar of one wallet, with its times; `live` is what its citizen does in each hour."""
    traffic: list[tuple[int, HttpRequest]] = []
    with Vault.create(tmp_path / name / "wallet.db", PASSPHRASE, QUICK) as vault:
        town = ServiceWorld(vault, tmp_path / name / "published", seed=len(name))
        town.publisher = publisher
        publisher.seq = 6
        town.more[REGISTRAR] = Recorder(town, publisher, traffic)
        for hour in range(5):
            for second in range(0, EVERY, 600):
                town.now = NOW + hour * EVERY + second
                town.fetch()
            live(town, hour)
            town.publisher.seq = 7 + hour
    return traffic


@dataclass
class Recorder:
    """Notes when what was asked of a registrar."""

    town: ServiceWorld
    publisher: Publisher
    traffic: list[tuple[int, HttpRequest]]

    def respond(self, request):
        """Answer one request."""
        self.traffic.append((self.town.now - NOW, request))
        return self.publisher.respond(request)


def idle(town, hour):
    """Somebody who holds nothing and does nothing."""


def busy(town, hour):
    """Somebody who holds much and does everything."""
    town.now = NOW
    services = town.wallet.services
    if hour == 0:
        town.receive_pid()
        town.receive_child()
        town.run(services.catalogue.switch(on=True))
    town.run(services.catalogue.suggestions())
    services.catalogue.search("Kindergeld", event_names())
    journey = town.run(services.journeys.begin(["child-benefit"])).id
    town.run(services.journeys.note(journey, "child-benefit", {"email": "erika@example.org"}))
    town.run(services.journeys.show(journey))
    town.run(services.catalogue.hide("library-card"))


def test_the_traffic_of_two_citizens_does_not_differ(tmp_path):
    publisher = Publisher()
    first = recorded(tmp_path, "idle", idle, publisher)
    second = recorded(tmp_path, "somebody-busy", busy, publisher)
    assert first == second
    assert len(first) == 10
    assert {request.url.rpartition("/")[2] for _, request in first} == {"catalogue", "partners"}


def test_looking_for_services_logs_nothing(there, caplog, capsys):
    there.receive_pid()
    with caplog.at_level(logging.DEBUG):
        busy(there, 1)
        busy(there, 0)
    said = caplog.text + "".join(capsys.readouterr())
    for told in ("Kindergeld", "child-benefit", "library-card", "erika@example.org", "Mia", "Erika"):
        assert told not in said


def test_nothing_of_it_stands_in_any_file_in_the_open(there, path):
    there.receive_pid()
    busy(there, 0)
    town_files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert town_files
    for file in town_files:
        data = file.read_bytes()
        for told in (b"child-benefit", b"library-card", b"erika@example.org"):
            assert told not in data, file.name
