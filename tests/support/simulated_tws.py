"""A simulated TWS for the length of a test: a plugin, because the tests of TWS run without the shared conftest.

A module takes it by `pytest_plugins = ["tests.support.simulated_tws"]`, and may have a fixture of its own by this name.
"""

from collections.abc import Iterator

import pytest

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """One account with three positions; it is gone after the test."""
    with tws_gateway(Book.of(3)) as running:
        yield running
