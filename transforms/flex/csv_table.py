"""One table of a Flex query's CSV: what its columns mean, its rows as attributes, its sums against EOS. No framing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal, InvalidOperation

from transforms.csv_text import place
from transforms.documents import DocumentError
from transforms.flex.csv_columns import CsvSection, fold

_BASE_SUMMARY = "BASE_SUMMARY"
_TOLD_DAYS = ("fromDate", "toDate")
_SEEN_DAYS = ("reportDate", "tradeDate")
_DAYS_BEFORE_THE_PERIOD = frozenset({"EquitySummaryInBase", "ConversionRates"})
_SUMS = Context(prec=60)


class CsvTable:
    """A row of headers and what is known of the rows below it, as they come.

    `code` is blank where no record ends the table; `reported` holds the statements that were said to have it.
    """

    def __init__(self, section: CsvSection, code: str, headers: Sequence[str], line: int) -> None:
        self.section = section
        self.code = code
        self.line = line
        self.width = len(headers)
        self.names, self.unknown = section.attributes(headers)
        self.count = 0
        self.reported: set[int] = set()
        self._headers = tuple(headers)
        at = {name: number for number, name in enumerate(self.names)}
        self._account = at.get("accountId")
        self._level = at.get("levelOfDetail")
        self._currency = at.get("currency")
        self._told = [at[name] for name in _TOLD_DAYS if name in at]
        seen = () if section.name in _DAYS_BEFORE_THE_PERIOD else _SEEN_DAYS
        self._seen = [at[name] for name in seen if name in at]
        folded = [fold(header) for header in headers]
        summed = (*section.checksum, *section.amounts) if code else ()
        self._sums = {folded.index(header): Decimal(0) for header in summed if header in folded}
        self._sum_is_sure = bool(section.checksum) and section.checksum[0] in folded

    def account(self, cells: Sequence[str]) -> str | None:
        """The row's own account; None where it has none or stands for several."""
        account = cells[self._account].strip() if self._account is not None else ""
        return account if account not in ("", "-") else None

    def element(self, cells: Sequence[str]) -> str:
        """The tag that the XML gives such a row."""
        level = cells[self._level].strip().upper() if self._level is not None else ""
        return self.section.elements.get(level, self.section.element)

    def days(self, cells: Sequence[str]) -> Iterator[tuple[str, bool]]:
        """Texts of the days that the row tells of: the first and last of its period (True), or its own (False)."""
        yield from ((cells[at], True) for at in self._told)
        yield from ((cells[at], False) for at in self._seen)

    def attributes(self, cells: list[str]) -> tuple[Sequence[str], Sequence[str]]:
        """The row's attributes and their texts, as written; counts the row.

        The one text that is put right: the row of all currencies is named BASE_SUMMARY in the XML, and may bear the
        base currency's name in the CSV, told apart by its level.
        """
        self.count += 1
        for at in self._sums:
            self._sums[at] = _plus(self._sums[at], cells[at])
        if self._is_of_all_currencies(cells) and self._currency is not None:
            cells = [*cells]
            cells[self._currency] = _BASE_SUMMARY
        return self.names, cells

    def _is_of_all_currencies(self, cells: Sequence[str]) -> bool:
        base = self.section.base_level
        return base is not None and self._level is not None and cells[self._level].strip() == base

    def check(self, count: str | None, amount: str | None, line: int) -> str | None:
        """Hold the rows against the count and the amount of EOS; DocumentError where they differ.

        Returns a note where the amount cannot be verified. An amount of 0 says nothing: the broker fills in 0 where
        it sums nothing.
        """
        if count is not None and count.isdigit() and int(count) != self.count:
            raise self._differs("rows", count, str(self.count), line)
        stated = _decimal(amount) if amount is not None else None
        if not stated:
            return None
        if stated in self._sums.values():
            return None
        sums = ", ".join(f"{self._headers[at]} {total:f}" for at, total in self._sums.items())
        if self._sum_is_sure:
            raise self._differs("amount", str(amount), sums, line)
        return (
            f"The amount {amount} of EOS {self.code} ({place(line)}) could not be verified: which column of "
            f"{self.section.name} it sums is not known" + (f" ({sums})" if sums else "")
        )

    def _differs(self, what: str, stated: str, found: str, line: int) -> DocumentError:
        return DocumentError(
            f"Section {self.section.name} ({self.code}, begun in {place(self.line)}) is not whole: EOS in "
            f"{place(line)} says {what} {stated}, the rows have {found}; fetch the document again",
            place(line),
        )


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plus(total: Decimal, text: str) -> Decimal:
    """The sum, exactly; a text that is no number adds nothing."""
    number = _decimal(text)
    if number is None:
        return total
    return _SUMS.add(total, number)
