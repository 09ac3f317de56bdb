"""What others wrote and we serve is what they published."""

import hashlib

from runtime.pages import STATIC

VENDOR = STATIC / "vendor"


def test_every_vendored_file_is_as_published_and_has_a_licence():
    known = {name: checksum for checksum, name in map(str.split, (VENDOR / "CHECKSUMS").read_text().splitlines())}
    files = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file() and path.parent != VENDOR}
    assert files == set(known)
    for name, checksum in known.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert (folder / "LICENSE").exists()
        assert folder.name.replace("-", " ", 1).split()[1] in (VENDOR / "README.md").read_text()
