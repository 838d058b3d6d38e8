"""Ready-made checks, one subject area a file."""
