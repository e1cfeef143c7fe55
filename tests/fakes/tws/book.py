"""The true book behind the simulated TWS: accounts, holdings, prices and the day's fills, in Decimal. No wire.

What TWS would tell is read from here, and tests hold what a client made of it against the same figures.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from tests.fakes.tws.holdings import ZERO, Account, Fill, Holding, Pnl, rounded
from tests.fakes.tws.instruments import Instrument, named_by_tws
from transforms.broker_simulator import Simulation
from transforms.broker_simulator.market import CURRENCIES, Market
from transforms.broker_simulator.simulation import ACCOUNTS


class Book:
    """All accounts of one login. `fills` are the day's, each at its newest revision; `told` keeps every revision.

    Raises KeyError for an account or an instrument that is not there.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        instruments: Iterable[Instrument] = (),
        prices: dict[int, Decimal] | None = None,
        dollars: dict[str, Decimal] | None = None,
    ) -> None:
        self.accounts = {account.account_id: account for account in accounts}
        self.instruments = {instrument.conid: instrument for instrument in instruments}
        self.prices: dict[int, Decimal | None] = dict(prices or {})
        self.last_close = dict(self.prices)
        self.dollars = {"USD": Decimal(1), **(dollars or {})}
        self.holdings: dict[tuple[str, int], Holding] = {}
        self.told: list[Fill] = []
        self._pnl: dict[tuple[str, int], Pnl] = {}
        self._sequence = 0

    # -- how it is made --------------------------------------------------------------------------------------

    @classmethod
    def of(cls, positions: int, accounts: tuple[str, ...] = ("DU1000001",), base: str = "USD") -> "Book":
        """A book of so many shares in every account, each with a price, an average cost and cash beside it."""
        shares = [
            Instrument(
                conid=700_000_001 + n,
                symbol=f"LOAD{n:04d}",
                local_symbol=f"LOAD{n:04d}",
                trading_class="NMS",
                long_name=f"LOAD NUMBER {n} INC",
                isin=f"US{700_000_001 + n:09d}0",
            )
            for n in range(positions)
        ]
        prices = {share.conid: Decimal(1000 + 7 * n) / 100 for n, share in enumerate(shares)}
        money = [Account(account_id, base, {base: Decimal(1_000_000)}) for account_id in accounts]
        book = cls(money, shares, prices, {"EUR": Decimal("1.08")})
        for account_id in accounts:
            for n, share in enumerate(shares):
                book.hold(account_id, share.conid, Decimal(10 + n % 90), Decimal(900 + 7 * n) / 100)
        return book

    @classmethod
    def from_broker(cls, simulation: Simulation, day: date | None = None) -> "Book":
        """What the synthetic broker's accounts hold at the close of a business day, by default its last."""
        bases = {account.account_id: account.base for account in ACCOUNTS}
        end = day or simulation.days[-1]
        accounts, instruments, prices, held = [], {}, {}, []
        for account_id in simulation.accounts:
            (close,) = simulation.books.closes(account_id, end, end)
            accounts.append(Account(account_id, bases[account_id], dict(close.cash)))
            for conid, holding in close.held.items():
                instruments[conid] = named_by_tws(holding.instrument)
                prices[conid] = holding.price
                cost = sum((lot.cost for lot in close.lots[conid]), ZERO)
                held.append((account_id, conid, holding.quantity, cost / holding.quantity))
        market = Market(simulation.seed, simulation.days)
        dollars = {name: market.rate(name, "USD", simulation.days.index(end)) for name in CURRENCIES}
        book = cls(accounts, instruments.values(), prices, dollars)
        for owner, conid, quantity, cost in held:
            book.hold(owner, conid, quantity, cost)
        return book

    # -- what is there ---------------------------------------------------------------------------------------

    def hold(self, account_id: str, conid: int, quantity: Decimal, average_cost: Decimal) -> None:
        """Let an account hold something since before today."""
        self.accounts[account_id]
        cost = rounded(average_cost)
        self.holdings[account_id, conid] = Holding(
            account_id, self.instruments[conid], quantity, cost, quantity, cost
        )

    @property
    def positions(self) -> dict[tuple[str, int], tuple[Decimal, Decimal]]:
        """(quantity, average cost) by account and conid; what is closed is not there."""
        return {
            key: (held.quantity, held.average_cost) for key, held in self.holdings.items() if held.quantity
        }

    @property
    def fills(self) -> dict[str, Fill]:
        """The day's fills by execution id, corrections in the place of what they correct."""
        newest = {fill.root: fill for fill in self.told}
        return {fill.execution_id: fill for fill in newest.values()}

    @property
    def commissions(self) -> dict[str, Decimal]:
        """What each of the day's fills cost, by execution id."""
        return {execution_id: fill.commission for execution_id, fill in self.fills.items()}

    # -- what changes it -------------------------------------------------------------------------------------

    def set_price(self, conid: int, price: Decimal | None) -> None:
        """Mark an instrument; None is no price at all."""
        self.instruments[conid]
        self.prices[conid] = price
        for account_id in self.accounts:
            self._pnl.pop((account_id, conid), None)

    def book_fill(
        self,
        account_id: str,
        conid: int,
        quantity: Decimal,
        price: Decimal,
        commission: Decimal,
        at: datetime,
        *,
        exchange: str = "",
        order_id: int = 0,
        perm_id: int = 0,
        client_id: int = 0,
        order_ref: str = "",
    ) -> Fill:
        """Trade and remember the fill. A quantity of zero is a ValueError."""
        if not quantity:
            raise ValueError("a fill has a quantity other than zero")
        account, instrument = self.accounts[account_id], self.instruments[conid]
        self._sequence += 1
        earlier = [fill for fill in self.fills.values() if fill.perm_id == perm_id] if perm_id else []
        shares = sum((abs(fill.quantity) for fill in earlier), abs(quantity))
        money = sum((abs(fill.quantity) * fill.price for fill in earlier), abs(quantity) * price)
        held = self.holdings.setdefault((account_id, conid), Holding(account_id, instrument))
        fill = Fill(
            execution_id=f"0000e0d5.{self._sequence:08x}.01.01",
            account_id=account_id,
            instrument=instrument,
            at=at.replace(microsecond=0),
            quantity=quantity,
            price=price,
            commission=commission,
            realized=held.apply(quantity, price, commission),
            exchange=exchange or instrument.primary_exchange,
            order_id=order_id,
            perm_id=perm_id or 900_000_000 + self._sequence,
            client_id=client_id,
            order_ref=order_ref,
            cumulative_quantity=shares,
            average_price=rounded(money / shares),
        )
        self._pay(account, fill, 1)
        self.told.append(fill)
        self._pnl.pop((account_id, conid), None)
        return fill

    def correct(self, execution_id: str, quantity: Decimal | None, price: Decimal | None) -> Fill:
        """Replace a fill by its next revision; the holding becomes what it would have been."""
        old = self.fills[execution_id]
        revision = int(execution_id.rpartition(".")[2]) + 1
        quantity = old.quantity if quantity is None else quantity
        price = old.price if price is None else price
        shares = old.cumulative_quantity - abs(old.quantity) + abs(quantity)
        money = old.cumulative_quantity * old.average_price - abs(old.quantity) * old.price
        new = replace(
            old,
            execution_id=f"{old.root}.{revision:02d}",
            quantity=quantity,
            price=price,
            cumulative_quantity=shares,
            average_price=rounded((money + abs(quantity) * price) / shares),
        )
        self._pay(self.accounts[old.account_id], old, -1)
        self._pay(self.accounts[new.account_id], new, 1)
        self.told.append(new)
        return self._replay(new)

    def _replay(self, corrected: Fill) -> Fill:
        """Book the day's fills of a holding again; the corrected fill with what it realizes now."""
        key = (corrected.account_id, corrected.instrument.conid)
        held = self.holdings[key]
        held.reopen()
        for fill in sorted(self.fills.values(), key=lambda one: one.root):
            if (fill.account_id, fill.instrument.conid) == key:
                realized = held.apply(fill.quantity, fill.price, fill.commission)
                self.told[self.told.index(fill)] = replace(fill, realized=realized)
        self._pnl.pop(key, None)
        return self.told[-1]

    def _pay(self, account: Account, fill: Fill, times: int) -> None:
        """Move an account's cash for a fill; a future costs its commission only."""
        cost = fill.commission
        if fill.instrument.asset_class != "FUT":
            cost += fill.quantity * fill.price * fill.instrument.factor
        currency = fill.instrument.currency
        account.cash[currency] = account.cash.get(currency, ZERO) - times * cost

    def close_day(self) -> None:
        """Begin a new day: prices become the last close, realized results and executions are of the past."""
        self.last_close = dict(self.prices)
        self.told.clear()
        self._pnl.clear()
        for key, held in list(self.holdings.items()):
            held.close_day()
            if not held.quantity:
                del self.holdings[key]

    # -- what it is worth ------------------------------------------------------------------------------------

    def rate(self, currency: str, base: str) -> Decimal:
        """One unit of a currency in another, six places."""
        return rounded(self.dollars[currency] / self.dollars[base])

    def pnl(self, account_id: str, conid: int) -> Pnl:
        """The result of one position; all None if the account did not hold it today."""
        key = (account_id, conid)
        known = self._pnl.get(key)
        if known is None:
            held = self.holdings.get(key)
            known = self._pnl[key] = Pnl(None, None, None) if held is None else self._result(held)
        return known

    def _result(self, held: Holding) -> Pnl:
        conid, factor = held.instrument.conid, held.instrument.factor
        price, close = self.prices.get(conid), self.last_close.get(conid)
        if price is None:
            return Pnl(None, None, held.realized, held.quantity, None)
        value = held.quantity * price * factor
        daily = None
        if close is not None or not held.opened_quantity:
            daily = rounded(value - held.opened_quantity * (close or ZERO) * factor - held.paid)
        unrealized = rounded(value - held.quantity * held.average_cost)
        return Pnl(daily, unrealized, held.realized, held.quantity, rounded(value))

    def account_pnl(self, account_id: str) -> Pnl:
        """The result of an account in base currency; positions without a price count as nothing."""
        base = self.accounts[account_id].base
        daily = unrealized = realized = ZERO
        for (owner, conid), held in self.holdings.items():
            if owner == account_id:
                result, rate = self.pnl(owner, conid), self.rate(held.instrument.currency, base)
                daily += rate * (result.daily or ZERO)
                unrealized += rate * (result.unrealized or ZERO)
                realized += rate * (result.realized or ZERO)
        return Pnl(rounded(daily), rounded(unrealized), rounded(realized))
