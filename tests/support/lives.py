"""Simulated lives and the marts that the pipeline makes of their documents: one run a seed for all tests and workers.

What is checked stands in the tests. Other lives than the tests' own: TIEOUT_TEST_SEEDS="3 11 20-25".
"""

import os
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from config.data_folder import DataFolder
from orchestration.resources.files import exclusive
from orchestration.resources.lake import Lake
from tests.support.books import build_clean, build_marts_of_clean, take_in
from transforms.broker_simulator import Simulation, simulate
from transforms.features.tax_lots import INPUTS

DEMO = "demo"
DEMO_SEED = 7


def wanted_seeds() -> list[int]:
    """The seeds that TIEOUT_TEST_SEEDS names, with ranges such as 20-25."""
    seeds: list[int] = []
    for part in os.environ.get("TIEOUT_TEST_SEEDS", "").split():
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def lives(*usual: int, demo: bool) -> list[Any]:
    """Parameters for the fixture `life`: the wanted seeds, else the usual ones; then the demo where it is asked for.

    A seed is a group of pytest-xdist: with `--dist loadgroup` all its tests run in one worker.
    """
    seeds = [
        pytest.param(seed, id=f"seed{seed}", marks=[pytest.mark.slow, pytest.mark.xdist_group(f"seed{seed}")])
        for seed in wanted_seeds() or usual
    ]
    return [*seeds, pytest.param(DEMO, id=DEMO)] if demo else seeds


class Life:
    """A seed's life, told by yearly documents alone; what the pipeline makes of them is made when first asked for."""

    is_demo = False

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self._data = DataFolder(folder)

    @cached_property
    def simulation(self) -> Simulation:
        """The life with its true books."""
        return simulate(seed=self.seed)

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The clean tables that tax lots are made of."""
        self._once("clean", self._build_clean)
        clean = Lake(self._data.clean)
        return {name: clean.read(name, columns) for name, columns in INPUTS.items()}

    @cached_property
    def marts(self) -> Path:
        """The DuckDB file. Read only: other workers use the same one."""
        self._once("clean", self._build_clean)
        self._once("marts", lambda: build_marts_of_clean(self._data))
        return self._data.warehouse

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the marts."""
        with duckdb.connect(str(self.marts), read_only=True) as connection:
            connection.execute("set schema = 'marts'")
            return connection.execute(sql).fetchall()

    def _once(self, layer: str, build: Callable[[], object]) -> None:
        """Make a layer unless another worker has made it."""
        done = self._data.root / f"{layer}.made"
        with exclusive(self._data.root / "life.lock"):
            if not done.exists():
                build()
                done.touch()

    def _build_clean(self) -> None:
        yearly = [d for d in self.simulation.documents() if len(d.file_name) == len("U1000001_2023.xml")]
        assert len(yearly) == 6
        told = [*yearly, *self.simulation.analyses()]
        store = take_in([(d.file_name, d.content()) for d in told], self._data)
        build_clean(store, Lake(self._data.clean))
        shutil.rmtree(self._data.raw)


class DemoLife(Life):
    """The life that `tieout demo` tells by documents of all lengths, which overlap and correct each other."""

    is_demo = True

    def __init__(self, published: Path) -> None:
        super().__init__(DEMO_SEED, published)
        self._published = published

    @cached_property
    def marts(self) -> Path:
        """The published file."""
        return self._published
