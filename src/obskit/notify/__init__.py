"""Tells people what is wrong, on hosts without a collector. Decided here, sent by Apprise."""
