"""The shop that fails, what it stands on, and the ways in which it is broken from outside."""
