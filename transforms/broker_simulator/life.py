"""What happens to the two accounts, and when: the script of their lives. How it is booked stands elsewhere.

The script is written for three years (year 1 is the first); what lies after the simulated days does not
happen, and dividends, savings and the wandering trades go on for as long as there are days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from transforms.broker_simulator import corporate_actions as ca
from transforms.broker_simulator import instruments as ins
from transforms.broker_simulator.calendars import add_business_days, third_friday
from transforms.broker_simulator.desk import Desk
from transforms.broker_simulator.foreign_exchange import convert
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.market import Market
from transforms.broker_simulator.servicing import Dividend, Servicing

CORRECTED_COMMISSION, CORRECTED_DIVIDEND = "a commission corrected later", "a dividend corrected later"
# what the first documents said; the true books never hold these figures
FIRST_REPORTED = {CORRECTED_COMMISSION: Decimal("-6.35"), CORRECTED_DIVIDEND: Decimal("18.4")}
COMMISSION_DAY, DIVIDEND_EX_DAY, DIVIDEND_PAY_DAY, CORRECTION_DAY = 45, 52, 40, 30
_WANDERING = (ins.AURX, ins.BLTC, ins.CLYD)
# instrument: (months it goes ex, day of the month, business days until paid, rate a share)
_DIVIDENDS = (
    (ins.NWD, (2, 5, 8, 11), 9, 14, "0.24"),
    (ins.HLX, (3, 6, 9, 12), 12, 15, "0.35"),
    (ins.VWTI, (3, 6, 9, 12), 22, 4, "0.8123"),
    (ins.PRNT, (1, 4, 7, 10), 25, 20, "0.31"),
    (ins.SHRT, (2, 5, 8, 11), 21, 10, "0.4"),
    (ins.AURX, (3, 6, 9, 12), 4, 22, "0.15"),
    (ins.RHN, (1,), 9, 3, "2.1"),
    (ins.THMS, (5, 11), 23, 30, "0.183"),
    (ins.BLTC, (5,), 16, 3, "0.9"),
)
Action = Callable[["Teller"], object]


@dataclass
class Teller:
    """The two counters at which an account's life is booked, and what its script remembers between days."""

    desk: Desk
    servicing: Servicing
    options: dict[str, Instrument] = field(default_factory=dict)

    def open_option(
        self, name: str, share: Instrument, put_call: str, expiry: date, percent: int, count: int
    ) -> None:
        """Buy (count > 0) or write options with a strike at `percent` of what the share will cost at expiry.

        Knowing the end is what lets a script say which option expires and which is exercised.
        """
        market = self.desk.market
        if expiry not in market.days:
            return
        at_expiry = market.price(share, market.days.index(expiry))
        strike = (at_expiry * percent / 50).to_integral_value() / 2
        self.options[name] = ins.option(share, expiry, put_call, strike)
        self.desk.trade(self.options[name], count)


class Script:
    """Actions by day index; a date that is no business day means the next one that is."""

    def __init__(self, market: Market) -> None:
        self.days = market.days
        self.first_year = market.days[0].year
        self.actions: dict[int, list[Action]] = defaultdict(list)

    def date_of(self, year: int, month: int, day: int) -> date:
        """The date of a script year (1 is the first)."""
        return date(self.first_year + year - 1, month, day)

    def index(self, wanted: date) -> int | None:
        """Index of the first business day from `wanted` on; None outside the simulated days."""
        wanted = add_business_days(date.fromordinal(wanted.toordinal() - 1), 1)
        return self.days.index(wanted) if self.days[0] <= wanted <= self.days[-1] else None

    def at(self, wanted: date, *actions: Action) -> None:
        """Let actions happen on a date."""
        index = self.index(wanted)
        if index is not None:
            self.actions[index].extend(actions)

    def on(self, year: int, month: int, day: int, *actions: Action) -> None:
        """Let actions happen on a day of a script year."""
        self.at(self.date_of(year, month, day), *actions)

    def before_end(self, days: int, *actions: Action) -> None:
        """Let actions happen a number of business days before the last one."""
        if len(self.days) > days:
            self.actions[len(self.days) - 1 - days].extend(actions)

    def monthly(self, day: int, *actions: Action) -> None:
        """Let actions happen every month."""
        years = self.days[-1].year - self.first_year + 1
        for year in range(1, years + 1):
            for month in range(1, 13):
                self.on(year, month, day, *actions)


def prepare(market: Market) -> None:
    """Put the split and the spin-off into the prices."""
    script = Script(market)
    for share, when, numerator, denominator in (
        (ins.NWD, script.date_of(2, 6, 10), 1, 4),
        (ins.PRNT, script.date_of(2, 9, 16), 87, 100),
    ):
        index = script.index(when)
        if index is not None:
            market.rescale(share, index, numerator, denominator)


def dividends(market: Market) -> dict[int, list[Dividend]]:
    """All dividends by ex day."""
    script, by_day = Script(market), defaultdict(list)
    years = market.days[-1].year - market.days[0].year + 1
    for share, months, day, wait, rate in _DIVIDENDS:
        for year in range(1, years + 1):
            for month in months:
                ex_day = script.index(script.date_of(year, month, day))
                if ex_day is not None:
                    paid = add_business_days(market.days[ex_day], wait)
                    lent = share is ins.NWD and (year, month) == (1, 8)
                    a_share = Decimal(rate) / (4 if share is ins.NWD and (year, month) > (2, 6) else 1)
                    by_day[ex_day].append(Dividend(share, ex_day, paid, a_share, lent))
    special = len(market.days) - 1 - DIVIDEND_EX_DAY
    if special > 0:
        paid = market.days[len(market.days) - 1 - DIVIDEND_PAY_DAY]
        by_day[special].append(Dividend(ins.AURX, special, paid, Decimal("0.25"), tag=CORRECTED_DIVIDEND))
    return by_day


def corporate_actions(market: Market) -> dict[int, list[Action]]:
    """The corporate actions, which meet whatever an account holds."""
    script = Script(market)
    reverse, renamed = "SPLIT 1 FOR 10", f"CUSIP/ISIN CHANGE TO ({ins.NEWN.isin})"
    cash, ratio, right = Decimal("12.5"), Decimal("0.4"), ins.TGTM_RIGHT
    script.on(1, 10, 9, _on_ledger(lambda own: ca.exchange(own, ins.OLDN, ins.NEWN, "IC", renamed, 1)))
    script.on(2, 3, 11, _on_ledger(lambda own: ca.exchange(own, ins.ORBT_OLD, ins.ORBT, "RS", reverse, 10)))
    script.on(2, 6, 10, _on_ledger(lambda own: ca.split(own, ins.NWD, 4, 1)))
    script.on(2, 9, 16, _on_ledger(lambda own: ca.spin_off(own, ins.PRNT, ins.SPNC, 1, 4, Decimal("0.125"))))
    script.on(3, 4, 22, _on_ledger(lambda own: ca.merge(own, ins.TGTM, ins.ACQR, right, cash, ratio)))
    return script.actions


def _on_ledger(happen: Callable[[Ledger], None]) -> Action:
    return lambda teller: happen(teller.desk.ledger)


def wander(teller: Teller) -> None:
    """Trade a little on about every fourth day, in three currencies; at least 60 shares of each are kept."""
    desk = teller.desk
    if desk.random.randint(0, 99) >= 24:
        return
    share = _WANDERING[desk.random.randint(0, 2)]
    held = int(desk.ledger.quantity(share))
    if held > 100 and desk.random.randint(0, 1):
        desk.trade(share, -desk.random.randint(10, held - 60))
    else:
        desk.trade(share, desk.random.randint(5, 60))


def buy_euros_for(teller: Teller, share: Instrument, quantity: int) -> None:
    """Buy a euro share from dollars: the broker converts what the fill costs by itself."""
    fill = teller.desk.trade(share, quantity)
    convert(teller.desk, "EUR.USD", -fill.net_cash, automatic=True)


def bond_trade(teller: Teller, nominal: int) -> None:
    """Trade the bond together with its accrued interest."""
    teller.servicing.accrued_interest(teller.desk.trade(ins.BOND, nominal))


def options_life(script: Script, name: str, share: Instrument, put_call: str, *, opened: tuple[int, int, int],
                 expires: tuple[int, int], percent: int, count: int, end: str) -> None:  # fmt: skip
    """Script one option: opened on a day, and at its expiry `Ep`, `Ex`, `A`, or sold before it (`C`)."""
    expiry = third_friday(script.first_year + expires[0] - 1, expires[1])
    script.on(*opened, lambda t: t.open_option(name, share, put_call, expiry, percent, count))

    def out(teller: Teller) -> None:
        if name not in teller.options:
            return
        option = teller.options[name]
        if end == "Ep":
            teller.desk.expire(option, expiry)
        elif end == "C":
            teller.desk.trade(option, -count)
        else:
            teller.desk.deliver(option, end, expiry)

    # the broker reports a worthless expiry on Monday, a delivery on the day itself
    wait = {"Ep": 1, "C": -9}.get(end, 0)
    script.at(
        add_business_days(expiry, wait) if wait > 0 else date.fromordinal(expiry.toordinal() + wait), out
    )
