"""A day of the shop: the recording that is replayed, and how it was made."""
