"""What may stand in the settings of market data: addresses of vendors, their keys, the lake's root. Reads nothing."""

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

_SERIES: Final = re.compile(r"[A-Za-z0-9^][A-Za-z0-9._^-]*")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def is_series_name(value: object) -> bool:
    """Whether something names a series as the benchmark: a plain name, which a path and SQL can hold."""
    return isinstance(value, str) and _SERIES.fullmatch(value) is not None


def vendor_address(value: str) -> str:
    """A vendor's base URL, or nothing: the vendor's own. Raises `ValueError`, whose text repeats no secret of it."""
    if not value:
        return ""
    try:
        address = urlsplit(value)
        host, _ = address.hostname, address.port
    except ValueError as error:
        raise ValueError("this is no address; write one like https://stooq.com") from error
    if "@" in address.netloc:
        raise ValueError(
            "an address with a name or password in it is not used; the key has a setting of its own"
        )
    if not host or address.query or address.fragment:
        raise ValueError("this is no base address; write one like https://stooq.com, without ? and #")
    if address.scheme != "https" and not (address.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"{value!r} would send requests in the clear; write an address with https")
    return value.rstrip("/")


def usable_key(setting: str, key: SecretStr) -> SecretStr | None:
    """A key without the blanks around it; None if it is blank. Raises `ValueError`, which does not repeat the key."""
    text = key.get_secret_value().strip()
    if not text:
        return None
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{setting} holds blanks or characters that no key has; copy the key again")
    return SecretStr(text)


def lake_root(value: str) -> str:
    """The lake's root as it is set: a folder, or the address of an object store without any secret in it."""
    if "://" not in value:
        return value
    if "@" in urlsplit(value).netloc:
        raise ValueError(
            "an address with a name or password in it is not used; give the object store's keys in its own way"
        )
    return value.rstrip("/")
