"""A user at a terminal."""

import json

from typer.testing import CliRunner

from runtime.anchors import write_anchor
from tests.wallet.counterparts import PASSPHRASE
from wallet.cli import app
from wallet.cli.options import Surroundings


class Machine:
    """A user at a terminal, with a wallet folder, a passphrase file, and the world around."""

    def __init__(self, folder, world, environment):
        self.folder = folder
        self.world = world
        self.environment = environment
        self.opened = []  # in the browser
        (folder / "passphrase").write_text(f"{PASSPHRASE}\nand nothing else\n")
        anchors = folder / "data" / "anchors"
        write_anchor(anchors, "agency.pem", world.agency.pki.root.pem, role=world.agency.pki.role, name="The ministry")
        write_anchor(
            anchors, "partner.pem", world.partner.pki.root.pem, role=world.partner.pki.role, name="The register"
        )
        self.vault = folder / "data" / "wallet.db"

    def run(self, *arguments, keys="", language="en", status=0, passphrase=True):
        """Run a command and check its exit status."""
        options = ["--data", str(self.folder / "data"), "--language", language]
        if passphrase:
            options += ["--passphrase-file", str(self.folder / "passphrase")]
        around = Surroundings(self.world, lambda: self.world.now, self.browse, self.sleep)
        result = CliRunner().invoke(app, [*options, *arguments], obj=around, input=keys, env=self.environment)
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments, **more):
        """What a command answers as JSON."""
        return json.loads(self.run(*arguments, "--json", **more).stdout)

    def sleep(self, seconds):
        """Nobody has to wait here."""
        self.world.now += int(seconds)

    def browse(self, url):
        """The user's browser."""
        self.opened.append(url)
        return True
