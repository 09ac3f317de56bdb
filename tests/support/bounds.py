"""How long something may work that a bound has to end."""

BOUNDED = 5.0  # seconds of the process's own work: a few milliseconds in fact, and for ever without the bound
