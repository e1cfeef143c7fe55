"""The tables of troubles and codes: complete, and each names its fix."""

import re
from pathlib import Path

import pytest

import tws
from config.settings import Settings
from tws.errors import CODES, FIXES, Effect, Trouble, TwsError, code_of

PACKAGE = Path(tws.__file__).parent


def test_every_trouble_has_a_fix_of_one_sentence() -> None:
    assert set(FIXES) == set(Trouble)
    for fix in FIXES.values():
        assert fix
        assert not fix.endswith(".")


def test_the_settings_that_fixes_name_exist() -> None:
    known = {field.validation_alias for field in Settings.model_fields.values()}
    texts = [*FIXES.values(), *(code.fix for code in CODES.values())]
    named = {name for text in texts for name in re.findall(r"IBKR_[A-Z_]+", text)}
    assert {"IBKR_HOST", "IBKR_PORT", "IBKR_CLIENT_ID"} <= named
    assert named <= known


@pytest.mark.parametrize(
    ("number", "effect"),
    [
        (326, Effect.REFUSES), (502, Effect.REFUSES), (504, Effect.REFUSES), (1100, Effect.DEGRADES),
        (2110, Effect.DEGRADES), (1300, Effect.REFUSES), (2103, Effect.FARM_LOST), (1101, Effect.FORGOTTEN),
        (1102, Effect.KEPT), (2104, Effect.FARM_BACK), (2108, Effect.FARM_BACK),
        (2106, Effect.INFORMATION), (2158, Effect.INFORMATION),
        (10197, Effect.NO_MARKET_DATA), (110, Effect.UNKNOWN), (10147, Effect.UNKNOWN), (98765, Effect.UNKNOWN),
        (201, Effect.INFORMATION), (202, Effect.INFORMATION), (321, Effect.FAILS_REQUEST), (10148, Effect.UNKNOWN),
    ],
)  # fmt: skip
def test_what_a_code_means(number: int, effect: Effect) -> None:
    assert code_of(number).effect is effect


@pytest.mark.parametrize("number", [110, 201, 202, 10147, 10148])
def test_codes_about_orders_have_a_meaning(number: int) -> None:
    assert "order" in code_of(number).meaning


def test_an_error_is_the_problem_and_the_fix() -> None:
    error = TwsError(Trouble.ID_IN_USE, "the id is taken", 326)
    assert str(error) == f"the id is taken: {FIXES[Trouble.ID_IN_USE]}"
    assert (error.code, error.trouble) == (326, Trouble.ID_IN_USE)


def test_nothing_in_the_package_can_order() -> None:
    """Not a single name of the protocol's order calls stands in it."""
    calls = r"placeOrder|cancelOrder|GlobalCancel|exerciseOptions|bracketOrder|whatIf|\bOrder\(|LimitOrder|MarketOrder"
    for module in PACKAGE.glob("*.py"):
        assert re.search(calls, module.read_text()) is None, module.name


def test_one_module_imports_the_client_library() -> None:
    importing = {
        module.name
        for module in PACKAGE.glob("*.py")
        if re.search(r"^\s*(import|from) (ib_insync|ib_async|eventkit)", module.read_text(), re.MULTILINE)
    }
    assert importing == {"adapter.py"}


def test_importing_the_package_does_not_import_the_library() -> None:
    """The library wants an event loop while it is imported, and costs time that most commands do not need."""
    import subprocess
    import sys

    script = (
        "import sys, tws.feed, tws.snapshot, tws.probe; print({'ib_insync', 'ib_async'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"
