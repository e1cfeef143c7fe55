"""The synthetic broker: a seeded simulation that writes what IBKR would write and keeps the true books
beside it.

Nothing of the pipeline belongs here, and the pipeline imports nothing from here: one can convict the other.
Standard library only.
"""

from transforms.broker_simulator.books import TrueBooks
from transforms.broker_simulator.simulation import Simulation, simulate

__all__ = ["Simulation", "TrueBooks", "simulate"]
