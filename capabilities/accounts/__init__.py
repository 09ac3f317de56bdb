"""People who work in a role: sign-in codes instead of passwords, sessions that end, and the guard before their pages."""
