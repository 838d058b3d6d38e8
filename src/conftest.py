"""What every example of a docstring is given: what a test is given."""

from tests.conftest import isolation

__all__ = ["isolation"]
