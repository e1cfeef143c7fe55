"""The synthetic market: prices, rates and statistics by seed, and what each vendor would answer about them.

Nothing of the pipeline belongs here, and the pipeline imports nothing from here: one can convict the other. Standard
library only; its securities close at the marks of the synthetic broker.
"""

from transforms.market_simulator.defects import DEFECTS, Defect
from transforms.market_simulator.dispatch import VENDORS, answer
from transforms.market_simulator.stooq import bulk_zip

__all__ = ["DEFECTS", "VENDORS", "Defect", "answer", "bulk_zip"]
