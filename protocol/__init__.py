"""The ground: the specifications as pure Python, without network, disk, clock or randomness."""
