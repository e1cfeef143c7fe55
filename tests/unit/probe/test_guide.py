"""The guide to the Flex query says what the code reads: sections, levels and fields."""

from orchestration.flex_guide import GUIDE, with_tables
from transforms.clean import CLEAN_TABLES, cash, charges, holdings, trading
from transforms.flex.registry import load_registry
from transforms.probe.needs import attributes_read
from transforms.probe.sections import wanted_sections
from transforms.schemas import CONTRACTS

_NOT_TICKED = {"FlexStatement"}


def test_the_guide_is_up_to_date() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `make guide`"


def test_every_section_that_the_clean_layer_reads_is_in_the_guide_and_no_other() -> None:
    read = {section for table in CLEAN_TABLES.values() for section in table.inputs}
    flex = {section for section in read if section in load_registry().known_sections}
    assert flex - _NOT_TICKED == set(wanted_sections())


def test_every_attribute_of_a_contract_is_among_the_fields_of_its_section() -> None:
    """By way of the contracts themselves: for each table of one section, what its columns are read from."""
    for name, table in CLEAN_TABLES.items():
        sections = [section for section in table.inputs if section in wanted_sections()]
        if len(sections) != 1:
            continue
        sources = {attribute for field in CONTRACTS[name].fields for attribute in field.source}
        plain = {attribute for attribute in sources if "." not in attribute}
        assert plain <= set(attributes_read(sections[0])), name


def test_the_options_bring_the_levels_that_the_clean_layer_takes() -> None:
    finest = {
        "Trades": trading._TRADE_RULES.levels[0],
        "CashTransactions": cash._CASH_RULES.levels[0],
        "CorporateActions": holdings._CORPORATE_ACTION_RULES.levels[0],
        "Transfers": holdings._TRANSFER_RULES.levels[0],
        "ChangeInDividendAccruals": holdings._ACCRUAL_CHANGE_RULES.levels[0],
    }
    for section, level in finest.items():
        assert level in wanted_sections()[section].levels
    assert charges._TRANSACTION_TAX_RULES.levels[0].title() == wanted_sections()["TransactionTaxes"].options
