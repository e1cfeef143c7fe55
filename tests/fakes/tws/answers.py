"""What the simulated TWS answers to each request. What becomes of an order stands in `orders`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.fakes.tws import messages
from tests.fakes.tws.accounts import account_values
from tests.fakes.tws.holdings import Fill
from tests.fakes.tws.order_request import read_order
from tests.fakes.tws.orders import READ_ONLY
from tests.fakes.tws.wire import Reader

if TYPE_CHECKING:
    from tests.fakes.tws.session import Session

INVALID = "Error validating request.-'b{letter}' : cause - {cause}"
TEXTS = {
    162: "Historical Market Data Service error message:No data",
    200: "No security definition has been found for the request",
    321: INVALID.format(letter="Z", cause="The request is not allowed"),
    322: "Error processing request.-'bS' : cause - Maximum number of account summary requests exceeded",
    10197: "No market data during competing live session",
}
SUMMARIES_AT_ONCE = 2


def answer(session: "Session", reader: Reader) -> None:
    """Answer one request. Raises ProtocolError when its fields are not those of the protocol."""
    ANSWERS[reader.name](session, reader)


def refused(session: "Session", name: str, request: int = -1) -> bool:
    """Whether a fault refuses this request; then the error is told already."""
    code = session.hub.faults.refused_requests.get(name)
    if code is not None:
        session.error(code, TEXTS.get(code, f"Refused with code {code}"), request)
    return code is not None


def unknown_account(session: "Session", account_id: str, request: int = -1) -> bool:
    """Whether there is no such account; then the error is told already."""
    if account_id in session.hub.book.accounts:
        return False
    session.error(321, INVALID.format(letter="X", cause=f"Invalid account code '{account_id}'."), request)
    return True


def _taken(session: "Session", request: int) -> bool:
    if session.subscriptions.taken(request):
        session.error(102, "Duplicate ticker ID.", request)
        return True
    return False


# -- the connection ----------------------------------------------------------------------------------------------


def _current_time(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.end()
    if not refused(session, reader.name):
        session.say("currentTime", 1, int(session.hub.now().timestamp()))


def _ids(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.integer()
    reader.end()
    session.say("nextValidId", 1, session.hub.orders.next_id(session.client_id or 0))


def _managed(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.end()
    session.say("managedAccounts", 1, ",".join(session.hub.book.accounts))


def _noted(session: "Session", reader: Reader) -> None:
    """A request that TWS takes without an answer."""
    reader.version(1)
    reader.integer()
    reader.end()


# -- accounts ----------------------------------------------------------------------------------------------------


def _account_updates(session: "Session", reader: Reader) -> None:
    reader.version(2)
    wanted, account_id = reader.flag(), reader.text()
    reader.end()
    if not wanted:
        session.subscriptions.account = None
        return
    accounts = list(session.hub.book.accounts)
    if not account_id and len(accounts) == 1:
        account_id = accounts[0]
    if refused(session, reader.name) or unknown_account(session, account_id):
        return
    session.subscriptions.account = account_id
    tell_account(session, account_id)
    session.say("accountDownloadEnd", 1, account_id)


def tell_account(session: "Session", account_id: str) -> None:
    """Values, portfolio and their time, as after every three minutes."""
    hub = session.hub
    for tag, value, currency in account_values(hub.book, account_id):
        session.say("updateAccountValue", 2, tag, value, currency, account_id)
    for held in list(hub.book.holdings.values()):
        if held.account_id == account_id and held.quantity:
            session.say("updatePortfolio", *messages.portfolio(hub.book, held, hub.faults))
    session.say("updateAccountTime", 1, f"{hub.now():%H:%M}")


def _account_multi(session: "Session", reader: Reader) -> None:
    reader.version(1)
    request, account_id, model = reader.integer(), reader.text(), reader.text()
    reader.flag()
    reader.end()
    if refused(session, reader.name, request) or _taken(session, request):
        return
    if unknown_account(session, account_id, request):
        return
    session.subscriptions.multi[request] = (account_id, model)
    tell_multi(session, request)
    session.say("accountUpdateMultiEnd", 1, request)


def tell_multi(session: "Session", request: int) -> None:
    """The values of one account under a request of its own."""
    account_id, model = session.subscriptions.multi[request]
    for tag, value, currency in account_values(session.hub.book, account_id):
        session.say("accountUpdateMulti", 1, request, account_id, model, tag, value, currency)


def _cancel_multi(session: "Session", reader: Reader) -> None:
    reader.version(1)
    session.subscriptions.multi.pop(reader.integer(), None)
    reader.end()


def _summary(session: "Session", reader: Reader) -> None:
    reader.version(1)
    request, group, tags = reader.integer(), reader.text(), reader.text()
    reader.end()
    if refused(session, reader.name, request) or _taken(session, request):
        return
    if len(session.subscriptions.summaries) == SUMMARIES_AT_ONCE:
        session.error(322, TEXTS[322], request)
        return
    session.subscriptions.summaries[request] = (group, tuple(tags.split(",")))
    tell_summary(session, request)
    session.say("accountSummaryEnd", 1, request)


def tell_summary(session: "Session", request: int) -> None:
    """The values of a summary's group: `All`, or one account's id."""
    group, tags = session.subscriptions.summaries[request]
    ledger = any(tag.startswith("$LEDGER") for tag in tags)
    for account_id in session.hub.book.accounts:
        for tag, value, currency in account_values(session.hub.book, account_id):
            per_currency = tag in ("CashBalance", "ExchangeRate")
            if group in ("All", account_id) and (ledger if per_currency else tag in tags):
                session.say("accountSummary", 1, request, account_id, tag, value, currency)


def _cancel_summary(session: "Session", reader: Reader) -> None:
    reader.version(1)
    session.subscriptions.summaries.pop(reader.integer(), None)
    reader.end()


# -- positions and results ---------------------------------------------------------------------------------------


def _positions(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.end()
    if refused(session, reader.name):
        return
    session.subscriptions.positions = True
    for held in list(session.hub.book.holdings.values()):
        if held.quantity:
            session.say("position", *messages.position(held, session.hub.faults))
    session.say("positionEnd", 1)


def _cancel_positions(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.end()
    session.subscriptions.positions = False


def _pnl(session: "Session", reader: Reader) -> None:
    request, account_id, _model = reader.integer(), reader.text(), reader.text()
    reader.end()
    if refused(session, reader.name, request) or _taken(session, request):
        return
    if not unknown_account(session, account_id, request):
        session.subscriptions.pnl[request] = account_id
        session.say("pnl", *messages.pnl(session.hub.book, request, account_id, session.hub.faults))


def _cancel_pnl(session: "Session", reader: Reader) -> None:
    session.subscriptions.pnl.pop(reader.integer(), None)
    reader.end()


def _pnl_single(session: "Session", reader: Reader) -> None:
    request, account_id, _model, conid = reader.integer(), reader.text(), reader.text(), reader.integer()
    reader.end()
    if refused(session, reader.name, request) or _taken(session, request):
        return
    if not unknown_account(session, account_id, request):
        session.subscriptions.follow(request, account_id, conid)
        hub = session.hub
        session.say("pnlSingle", *messages.pnl_single(hub.book, request, account_id, conid, hub.faults))


def _cancel_pnl_single(session: "Session", reader: Reader) -> None:
    session.subscriptions.unfollow(reader.integer())
    reader.end()


# -- executions and contracts ------------------------------------------------------------------------------------


def _executions(session: "Session", reader: Reader) -> None:
    reader.version(3)
    request, client_id, account_id = reader.integer(), reader.integer(), reader.text()
    since, symbol, asset_class, exchange, side = reader.texts(5)
    reader.end()
    if refused(session, reader.name, request):
        return
    hub = session.hub
    since = since.replace("-", " ")[:17]
    wanted = [
        fill
        for fill in hub.book.told
        if (not client_id or fill.client_id == client_id)
        and (not account_id or fill.account_id == account_id)
        and (not since or f"{fill.at.astimezone(hub.now().tzinfo):%Y%m%d %H:%M:%S}" >= since)
        and (not symbol or fill.instrument.symbol == symbol)
        and (not asset_class or fill.instrument.asset_class == asset_class)
        and (not exchange or fill.exchange == exchange)
        and (not side or (side in ("BUY", "BOT")) == (fill.quantity > 0))
    ]
    for fill in wanted:
        session.say("execDetails", *messages.execution(fill, request, hub.faults, hub.now(), session.version))
        if not hub.faults.commissions_after_end:
            tell_commission(session, fill)
    session.say("execDetailsEnd", 1, request)
    if hub.faults.commissions_after_end:
        for fill in wanted:
            tell_commission(session, fill)


def tell_commission(session: "Session", fill: Fill) -> None:
    """A fill's commission report, now or when it is let go."""
    if session.hub.faults.commissions_to_owner_only and not session.hub.is_owner(session, fill):
        return
    if session.hub.faults.hold_commissions:
        session.hub.held_commissions.append((session, fill))
    else:
        session.say("commissionReport", *messages.commission(fill))


def _contract_details(session: "Session", reader: Reader) -> None:
    reader.version(8)
    request, conid = reader.integer(), reader.integer()
    symbol, asset_class, _expiry, _strike, _right, _multiplier = reader.texts(6)
    exchange, _primary, currency, local_symbol, _class, _expired, _kind, _secid = reader.texts(8)
    if session.version >= 176:
        reader.text()
    reader.end()
    if refused(session, reader.name, request):
        return
    found = [
        one
        for one in session.hub.book.instruments.values()
        if (one.conid == conid if conid else one.symbol == symbol and asset_class in ("", one.asset_class))
        and currency in ("", one.currency)
        and local_symbol in ("", one.local_symbol)
    ]
    for one in found:
        name, fields = messages.contract_details(one, request, exchange or one.primary_exchange)
        session.say(name, *fields)
    if found:
        session.say("contractDetailsEnd", 1, request)
    else:
        session.error(200, TEXTS[200], request)


# -- orders ------------------------------------------------------------------------------------------------------


def _place(session: "Session", reader: Reader) -> None:
    asked = read_order(reader, session.version)
    if not refused(session, reader.name, asked.order_id):
        session.hub.orders.place(session, asked)


def _cancel(session: "Session", reader: Reader) -> None:
    reader.version(1)
    order_id = reader.integer()
    if session.version >= 169:
        reader.text()
    reader.end()
    if not refused(session, reader.name, order_id):
        session.hub.orders.cancel(session, order_id)


def _cancel_all(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.end()
    if not _order_request_refused(session, reader.name):
        session.hub.orders.cancel_all()


def _order_request_refused(session: "Session", name: str) -> bool:
    if session.hub.faults.read_only:
        session.error(321, READ_ONLY)
        return True
    return refused(session, name)


def _open_orders(session: "Session", reader: Reader) -> None:
    reader.version(1)
    reader.end()
    if not _order_request_refused(session, reader.name):
        own = reader.name == "reqOpenOrders"
        session.hub.orders.tell_open(session, lambda order: not own or order.client_id == session.client_id)


def _completed_orders(session: "Session", reader: Reader) -> None:
    reader.flag()
    reader.end()
    if not _order_request_refused(session, reader.name):
        session.hub.orders.tell_completed(session)


ANSWERS: dict[str, Callable[["Session", Reader], None]] = {
    "reqCurrentTime": _current_time,
    "reqIds": _ids,
    "reqManagedAccts": _managed,
    "reqAutoOpenOrders": _noted,
    "reqMarketDataType": _noted,
    "reqAccountUpdates": _account_updates,
    "reqAccountUpdatesMulti": _account_multi,
    "cancelAccountUpdatesMulti": _cancel_multi,
    "reqAccountSummary": _summary,
    "cancelAccountSummary": _cancel_summary,
    "reqPositions": _positions,
    "cancelPositions": _cancel_positions,
    "reqPnL": _pnl,
    "cancelPnL": _cancel_pnl,
    "reqPnLSingle": _pnl_single,
    "cancelPnLSingle": _cancel_pnl_single,
    "reqExecutions": _executions,
    "reqContractDetails": _contract_details,
    "placeOrder": _place,
    "cancelOrder": _cancel,
    "reqGlobalCancel": _cancel_all,
    "reqOpenOrders": _open_orders,
    "reqAllOpenOrders": _open_orders,
    "reqCompletedOrders": _completed_orders,
}
