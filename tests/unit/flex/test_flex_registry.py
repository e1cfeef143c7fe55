"""The registry: the sections that Flex has, and kinds that fit their names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transforms.flex.registry import AttributeKind, load_registry

REGISTRY = load_registry()
SECTIONS = [
    "AccountInformation",
    "ChangeInNAV",
    "CashReport",
    "MTDYTDPerformanceSummary",
    "MTMPerformanceSummaryInBase",
    "EquitySummaryInBase",
    "FIFOPerformanceSummaryInBase",
    "FdicInsuredDepositsByBank",
    "StmtFunds",
    "ChangeInPositionValues",
    "OpenPositions",
    "NetStockPositionSummary",
    "ComplexPositions",
    "FxPositions",
    "Trades",
    "HKIPOSubscriptionActivity",
    "TradeConfirms",
    "TransactionTaxes",
    "OptionEAE",
    "PendingExcercises",
    "TradeTransfers",
    "FxTransactions",
    "UnbookedTrades",
    "RoutingCommissions",
    "IBGNoteTransactions",
    "UnsettledTransfers",
    "UnbundledCommissionDetails",
    "Adjustments",
    "PriorPeriodPositions",
    "CorporateActions",
    "ClientFees",
    "ClientFeesDetail",
    "DebitCardActivities",
    "SoftDollars",
    "CashTransactions",
    "SalesTaxes",
    "CFDCharges",
    "InterestAccruals",
    "TierInterestDetails",
    "HardToBorrowDetails",
    "HardToBorrowMarkupDetails",
    "SLBOpenContracts",
    "SLBActivities",
    "SLBFees",
    "Transfers",
    "ChangeInDividendAccruals",
    "OpenDividendAccruals",
    "SecuritiesInfo",
    "ConversionRates",
    "HKIPOOpenSubscriptions",
    "CommissionCredits",
    "StockGrantActivities",
    "SLBCollaterals",
    "IncentiveCouponAccrualDetails",
    "DepositsOnHold",
]


def test_all_55_sections_are_known() -> None:
    assert len(SECTIONS) == 55
    assert REGISTRY.known_sections == set(SECTIONS)


def test_every_attribute_of_a_section_has_a_kind() -> None:
    for section in SECTIONS:
        for attribute in REGISTRY.attributes(section):
            assert REGISTRY.kind(section, attribute) is not None, (section, attribute)


@pytest.mark.parametrize(
    ("section", "attribute", "kind"),
    [
        ("Trades", "dateTime", AttributeKind.DATETIME),
        ("Trades", "tradeDate", AttributeKind.DATE),
        ("Trades", "ibCommission", AttributeKind.DECIMAL),
        ("Trades", "ibCommissionCurrency", AttributeKind.CURRENCY),
        ("Trades", "notes", AttributeKind.CODE_LIST),
        ("Trades", "tradeID", AttributeKind.ID),
        ("Trades", "transactionID", AttributeKind.ID),
        ("Trades", "conid", AttributeKind.ID),
        ("Trades", "accruedInt", AttributeKind.DECIMAL),
        ("Trades", "isAPIOrder", AttributeKind.BOOLEAN),
        ("OpenPositions", "accruedInt", AttributeKind.DECIMAL),
        ("OpenPositions", "position", AttributeKind.DECIMAL),
        ("EquitySummaryInBase", "notes", AttributeKind.DECIMAL),
        ("EquitySummaryInBase", "reportDate", AttributeKind.DATE),
        ("MTMPerformanceSummaryInBase", "weight", AttributeKind.TEXT),
        ("ConversionRates", "rate", AttributeKind.DECIMAL),
        ("ChangeInNAV", "twr", AttributeKind.DECIMAL),
        ("AnySection", "currency", AttributeKind.CURRENCY),
        ("Trades", "nobodyKnowsThis", None),
    ],
)
def test_kinds(section: str, attribute: str, kind: AttributeKind | None) -> None:
    assert REGISTRY.kind(section, attribute) == kind


def test_names_and_kinds_agree() -> None:
    for attribute, kind in REGISTRY.kinds.items():
        if re.search(r"Date$", attribute):
            assert kind in (AttributeKind.DATE, AttributeKind.DATETIME), attribute
        if re.search(r"DateTime$", attribute):
            assert kind is AttributeKind.DATETIME, attribute
        if attribute.endswith(("ID", "Id")):
            assert kind is AttributeKind.ID, attribute
        if attribute.endswith("urrency"):
            assert kind is AttributeKind.CURRENCY, attribute


def test_an_attribute_has_one_kind_in_the_data() -> None:
    text = (Path(__file__).parents[3] / "transforms" / "flex" / "registry.toml").read_text(encoding="utf-8")
    kinds = text.split("[kinds]")[1].split("[sections.")[0]
    names = [name for block in re.findall(r'"""(.*?)"""', kinds, re.DOTALL) for name in block.split()]
    assert len(names) == len(set(names)) == len(REGISTRY.kinds)
    assert len(names) > 750


def test_rows_are_known_for_the_sections_we_use() -> None:
    assert {"Trade", "Lot", "Order", "SymbolSummary", "AssetSummary", "WashSale"} <= set(
        REGISTRY.sections["Trades"]
    )
    assert REGISTRY.sections["ChangeInNAV"] == ("ChangeInNAV",)
    assert REGISTRY.attributes("NoSuchSection") == ()
