"""One worker of a registrar that looks at a partner's log hour after hour, takes services in, and says what it published."""

import asyncio
import hashlib
import json
import logging
import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TextIO

from sqlalchemy import event

from protocol.sovereignty.usage import HOUR
from registrar.witnessed import OFFSET, sight_of
from registrar.witnessing import witness_hour
from runtime.anchors import read_certificate
from runtime.driver import Driver
from runtime.logs import set_up_logs
from tests.protocol.sovereignty.logs import Log
from tests.support.announced import Cockpits, Partner, announce, entry
from tests.support.pki import NOW, seeded_key
from tests.support.registrar import CINEMA, Office, make_office

FIRST_HOUR = NOW // HOUR + 1
KEY = 700  # of the partner
DIED = 7  # exit code


@dataclass
class Worker:
    """A registrar in this process, and the partner at whom it looks."""

    office: Office
    party_key: str  # of the cinema, at the register
    name: str
    log: Log
    hours: int = 0  # that passed at the partner

    @classmethod
    def open(cls, url: str, party_key: str, number: int) -> "Worker":
        """The worker of this number on a database."""
        return cls(make_office(url, worker=number), party_key, f"worker {number}", Log())

    def begin(self, hour: int) -> "Worker":
        """Let it be this hour after the first one. What the partner has in it is the same for every worker."""
        self.office.clock.now = (FIRST_HOUR + hour) * HOUR + OFFSET + 60
        while self.hours <= hour:
            self.log.hour()
            self.hours += 1
        return self

    def look(self) -> int | None:
        """Look at everybody in this hour; at how many that was, None: it is another worker's."""
        [certificate] = self.office.store.certificates_of(CINEMA)
        chain = (read_certificate(certificate.content.encode(), "access"),)
        partner = Partner(self.office, seeded_key(KEY), chain, logs={"2026": self.log})
        driver = Driver(self.office.store, Cockpits({"kino.example": partner}))
        try:
            return asyncio.run(witness_hour(driver, self.office.registrar.witness, self.name))
        finally:
            driver.close()

    def offer(self, id_: str) -> None:
        """Have a service announced."""
        announce(self.office, self.party_key, entry(id=id_))

    def published(self) -> dict[str, tuple[int, str]]:
        """Number and hash of each document as it is served now."""
        documents = self.office.registrar.documents
        found = {"catalogue": self.office.run(documents.catalogue()), "partners": self.office.run(documents.partners())}
        return {name: (one.number, hashlib.sha256(one.token).hexdigest()) for name, one in found.items()}

    @property
    def witnessed(self) -> int:
        """The size of the newest head that is kept."""
        [partner] = self.office.store.witness.partner(CINEMA)
        assert partner.broken_since is None
        return sight_of(partner).witnessed.newest("2026").tree.size


def die_at_commit(url: str, party_key: str, number: int, hour: int, commits: int) -> None:
    """Do the work of one hour, and die when so many things would be committed."""
    set_up_logs(service="registrar", level=logging.ERROR)
    worker = Worker.open(url, party_key, number)
    left = count(commits - 1, -1)
    event.listen(worker.office.store.database.engine, "commit", lambda _: next(left) or os._exit(DIED))
    worker.begin(hour).look()
    worker.published()
    worker.offer(f"film-{hour}")
    worker.published()


def work_for_ever(url: str, party_key: str, number: int, hour: int, told: Path) -> None:
    """Work hour after hour, and say what is done when it is, one JSON object a line."""
    set_up_logs(service="registrar", level=logging.ERROR)
    worker = Worker.open(url, party_key, number)
    with told.open("a") as out:
        for now in count(hour):
            looked = worker.begin(now).look()
            _say(out, hour=now, looked=looked)
            _say(out, published=worker.published())
            if now % 3 == 0:
                worker.offer(f"film-{number}-{now}")
                _say(out, published=worker.published(), offered=f"film-{number}-{now}")


def _say(out: TextIO, **what: object) -> None:
    out.write(json.dumps(what) + "\n")
    out.flush()
