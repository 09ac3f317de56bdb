"""The roof: the one command and the demo town; the only place that knows all roles."""
