"""`python -m hoheit` is the same as the command `hoheit`."""

from hoheit.cli import main

main()
