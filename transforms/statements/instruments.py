"""The contract ids that a statement lists once, for its rows that only name a symbol. No other table's rows."""

from __future__ import annotations

from collections.abc import Iterable

_TITLE = "Financial Instrument Information"


class Instruments:
    """Contract ids by asset category and symbol, and by security id; None where one name stands for two."""

    def __init__(self) -> None:
        self._by_symbol: dict[tuple[str, str], str | None] = {}
        self._by_security: dict[str, tuple[str, str] | None] = {}
        self._columns: dict[str, int] = {}

    def take(self, records: Iterable[tuple[int, list[str]]]) -> None:
        """Learn from all records of a document; those of other tables are passed over."""
        for _, cells in records:
            if cells[0] != _TITLE or len(cells) < 3:
                continue
            if cells[1] == "Header":
                self._columns = {name.strip(): at for at, name in enumerate(cells)}
            elif cells[1] == "Data":
                self._learn(cells)

    def conid(self, category: str, symbol: str) -> str:
        """The contract id of a symbol of an asset category in the statement's words; blank if not told."""
        return self._by_symbol.get((category, symbol)) or ""

    def security(self, security_id: str) -> tuple[str, str]:
        """The contract id and asset category (in the statement's words) of an ISIN or other id; blank if not told."""
        return self._by_security.get(security_id) or ("", "")

    def _learn(self, cells: list[str]) -> None:
        category, conid = self._cell(cells, "Asset Category"), self._cell(cells, "Conid")
        if not conid:
            return
        for symbol in (*self._cell(cells, "Symbol").split(", "), self._cell(cells, "Symbol")):
            known = self._by_symbol.setdefault((category, symbol), conid)
            if known != conid:
                self._by_symbol[category, symbol] = None
        security = self._cell(cells, "Security ID")
        if security:
            listed = self._by_security.setdefault(security, (conid, category))
            if listed is None or listed[0] != conid:
                self._by_security[security] = None

    def _cell(self, cells: list[str], name: str) -> str:
        at = self._columns.get(name)
        return cells[at].strip() if at is not None and at < len(cells) else ""
