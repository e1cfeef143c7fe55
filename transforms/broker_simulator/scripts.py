"""The scripts of the two accounts, day by day; the words they are written in are defined in `life`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from transforms.broker_simulator import instruments as ins
from transforms.broker_simulator.calendars import third_friday
from transforms.broker_simulator.foreign_exchange import convert
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import at_time
from transforms.broker_simulator.life import (
    COMMISSION_DAY,
    CORRECTED_COMMISSION,
    Action,
    Script,
    Teller,
    bond_trade,
    buy_euros_for,
    options_life,
)
from transforms.broker_simulator.market import Market


def euro_account(market: Market) -> Script:
    """The life of the account with base EUR."""
    script = Script(market)
    script.on(1, 1, 2, lambda t: t.servicing.deposit("EUR", 150_000))
    script.on(1, 1, 3, lambda t: convert(t.desk, "EUR.USD", -70_000))
    script.on(1, 1, 4, lambda t: t.desk.in_parts(ins.NWD, 150, 50))
    script.on(1, 1, 5, lambda t: t.desk.trade(ins.RHN, 300))
    script.on(1, 1, 6, lambda t: t.desk.trade(ins.EUWX, 250))
    script.on(1, 1, 10, lambda t: convert(t.desk, "EUR.GBP", -18_000))
    script.on(1, 1, 11, lambda t: t.desk.trade(ins.THMS, 900))
    script.on(1, 1, 16, lambda t: t.desk.trade(ins.AURX, 90), lambda t: t.desk.trade(ins.BLTC, 80))
    script.on(1, 1, 17, lambda t: t.desk.trade(ins.CLYD, 400))
    script.on(1, 2, 1, lambda t: t.desk.twice(ins.HLX, 100))
    script.on(1, 3, 6, lambda t: t.desk.trade(ins.OLDN, 300))
    script.on(1, 3, 15, lambda t: t.desk.trade(ins.HLX, -200))
    script.on(1, 4, 12, lambda t: t.desk.trade(ins.SHRT, -150))
    script.on(1, 5, 8, lambda t: t.desk.trade(ins.ORBT_OLD, 1_000))
    script.on(1, 6, 12, lambda t: bond_trade(t, 20_000))
    script.on(1, 8, 7, lambda t: t.desk.trade(ins.PRNT, 120))
    script.on(1, 10, 12, lambda t: t.servicing.deposit("USD", 10_000))
    script.on(1, 11, 6, lambda t: t.desk.trade(ins.TGTM, 250))
    script.on(2, 3, 12, lambda t: t.servicing.deposit("EUR", 250_000))
    script.on(2, 5, 7, lambda t: t.desk.trade(ins.RHN, 50, tag="cancelled"))
    script.on(2, 5, 8, lambda t: t.desk.cancel_and_rebook(
        "cancelled", t.desk.known["cancelled"].price - Decimal("0.12")))  # fmt: skip
    script.on(2, 8, 14, lambda t: t.servicing.transfer_in("FOP", ins.VWTI, 40, "ANOTHER BROKER"))
    script.on(2, 9, 24, lambda t: t.desk.trade(ins.SHRT, 150))
    script.on(2, 10, 8, lambda t: bond_trade(t, -20_000))
    script.on(2, 10, 15, lambda t: t.servicing.refund_tax(ins.RHN, script.first_year + 1, Decimal("0.15")))
    script.on(2, 11, 19, lambda t: t.servicing.deposit("EUR", -240_000))
    script.on(2, 12, 3, lambda t: t.servicing.fee("USD", "4.5", "REFUND OF MARKET DATA FEES"))
    script.on(3, 2, 18, lambda t: t.desk.trade(ins.EUWX, -120))
    _options_of_euro_account(script)
    _coupons(script)
    _future(script, 2, 1)
    script.monthly(5, lambda t: t.servicing.deposit("EUR", 2_000))
    script.monthly(8, lambda t: convert(t.desk, "EUR.USD", -1_500), _buy(ins.EUWX, 12))
    script.monthly(19, lambda t: t.servicing.fee("USD", "-4.5", "MARKET DATA: LEVEL I"))
    return script


def _options_of_euro_account(script: Script) -> None:
    options_life(script, "bought, worthless", ins.NWD, "C",
                 opened=(1, 4, 3), expires=(1, 5), percent=112, count=2, end="Ep")  # fmt: skip
    options_life(script, "covered, assigned", ins.NWD, "C",
                 opened=(1, 6, 5), expires=(1, 7), percent=95, count=-1, end="A")  # fmt: skip
    options_life(script, "put, assigned", ins.HLX, "P",
                 opened=(1, 7, 10), expires=(1, 8), percent=106, count=-1, end="A")  # fmt: skip
    options_life(script, "call, exercised", ins.HLX, "C",
                 opened=(1, 10, 2), expires=(1, 11), percent=92, count=1, end="Ex")  # fmt: skip
    options_life(script, "written, worthless", ins.HLX, "C",
                 opened=(2, 1, 8), expires=(2, 2), percent=110, count=-2, end="Ep")  # fmt: skip
    options_life(script, "put, exercised", ins.HLX, "P",
                 opened=(3, 5, 6), expires=(3, 6), percent=108, count=1, end="Ex")  # fmt: skip
    options_life(script, "bought late, sold again", ins.AURX, "C",
                 opened=(3, 11, 10), expires=(3, 12), percent=97, count=1, end="C")  # fmt: skip


def dollar_account(market: Market) -> Script:
    """The life of the account with base USD."""
    script = Script(market)
    script.on(1, 1, 4, lambda t: t.servicing.deposit("USD", 80_000))
    script.on(1, 1, 5, lambda t: t.desk.trade(ins.VWTI, 120), lambda t: t.desk.trade(ins.AURX, 70))
    script.on(1, 1, 9, lambda t: buy_euros_for(t, ins.RHN, 100))
    script.on(1, 1, 12, lambda t: convert(t.desk, "GBP.USD", 4_000), lambda t: t.desk.trade(ins.CLYD, 300))
    script.on(1, 1, 13, lambda t: buy_euros_for(t, ins.BLTC, 70))
    script.on(1, 5, 16, lambda t: t.servicing.transfer_in("ACATS", ins.NWD, 100, "ANOTHER BROKER"),
              lambda t: t.servicing.transfer_in("ACATS", ins.PRNT, 50, "ANOTHER BROKER"),
              lambda t: t.servicing.cash_transfer_in("ACATS", "USD", 5_000, "ANOTHER BROKER"))  # fmt: skip
    script.on(1, 9, 11, lambda t: t.desk.trade(ins.TGTM, 100))
    script.on(2, 4, 10, lambda t: t.desk.trade(ins.SHRT, -80))
    script.on(2, 7, 9, lambda t: t.servicing.deposit("USD", -15_000))
    script.on(2, 12, 10, lambda t: t.desk.trade(ins.SHRT, 30))
    script.on(3, 2, 11, lambda t: t.servicing.deposit("EUR", 5_000))
    options_life(script, "written, worthless", ins.NWD, "C",
                 opened=(1, 8, 1), expires=(1, 9), percent=115, count=-1, end="Ep")  # fmt: skip
    options_life(script, "bought, sold again", ins.VWTI, "P",
                 opened=(2, 1, 22), expires=(2, 3), percent=101, count=2, end="C")  # fmt: skip
    _future(script, 3, 2)
    script.before_end(COMMISSION_DAY, lambda t: t.desk.trade(ins.VWTI, 12, tag=CORRECTED_COMMISSION))
    script.monthly(4, lambda t: t.servicing.deposit("USD", 1_000))
    script.monthly(9, _buy_fraction)
    script.monthly(11, lambda t: convert(t.desk, "EUR.USD", 600), lambda t: convert(t.desk, "GBP.USD", 400))
    script.monthly(19, lambda t: t.servicing.fee("USD", "-1.5", "MARKET DATA: US SECURITIES SNAPSHOT"))
    return script


def _buy(share: Instrument, quantity: int) -> Action:
    return lambda t: t.desk.trade(share, quantity)


def _buy_fraction(teller: Teller) -> None:
    """Save into the fund: a few shares and hundredths of one."""
    quantity = Decimal(teller.desk.random.randint(101, 499)) / 100
    teller.desk.trade(ins.VWTI, quantity, notes="FP")


def _coupons(script: Script) -> None:
    for year in (1, 2, 3):
        script.on(year, 5, 15, lambda t: t.servicing.coupon())
        script.on(year, 11, 15, lambda t: t.servicing.coupon())


def _future(script: Script, year: int, contracts: int) -> None:
    """Hold a future for two weeks; it is sold in an evening session that belongs to the next trading day."""
    future = ins.future(third_friday(script.first_year + year - 1, 3))

    def sell_in_the_evening(teller: Teller) -> None:
        evening = teller.desk.market.days[teller.desk.ledger.day - 1]
        teller.desk.trade(future, -contracts, when=at_time(evening, 18, 15, 4))

    script.on(year, 2, 12, lambda t: t.desk.trade(future, contracts))
    script.at(script.date_of(year, 2, 12) + timedelta(14), sell_in_the_evening)
