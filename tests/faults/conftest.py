"""The same desks as in the scenarios."""

from tests.scenario.conftest import make_desk

__all__ = ["make_desk"]
