"""Settings of market data: addresses, keys and the lake's root; what is refused, and that no key is ever told."""

import re
import traceback
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, load_settings

KEY = "k3y-of-fred-0123456789"
NAMES = [str(field.validation_alias) for field in Settings.model_fields.values()]
BASE_URLS = [name for name in NAMES if name.endswith("_BASE_URL") and name != "FLEX_BASE_URL"]
KEYS = [name for name in NAMES if name.endswith("_API_KEY")]


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TIEOUT_DATA_DIR", "TIEOUT_LAKE_URL", *BASE_URLS, *KEYS, *(f"{key}_FILE" for key in KEYS)):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_there_are_settings_for_each_vendor() -> None:
    assert {name.partition("_")[0] for name in BASE_URLS} == {
        "STOOQ", "BINANCE", "POLYGON", "ECB", "FRED", "TREASURY", "YAHOO",
    }  # fmt: skip
    assert {name.partition("_")[0] for name in KEYS} == {"STOOQ", "POLYGON", "FRED"}


def test_without_settings_the_vendors_own_address_counts_and_there_is_no_key(tmp_path: Path) -> None:
    settings = load_settings()
    assert [settings.vendor_base_url(name) for name in BASE_URLS] == [""] * len(BASE_URLS)
    assert [settings.vendor_key(name) for name in KEYS] == [""] * len(KEYS)
    assert settings.lake_url == str(tmp_path / "data" / "lake")


@pytest.mark.parametrize("name", BASE_URLS)
def test_an_address_is_https_or_on_this_machine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for given, taken in (
        ("https://proxy.example.org/stooq/", "https://proxy.example.org/stooq"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        (" http://[::1]:8123/x ", "http://[::1]:8123/x"),
        ("", ""),
    ):
        monkeypatch.setenv(name, given)
        assert load_settings().vendor_base_url(name) == taken


@pytest.mark.parametrize("name", BASE_URLS)
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("http://stooq.com", "in the clear"),
        ("ftp://127.0.0.1/x", "in the clear"),
        ("stooq.com", "no base address"),
        ("https://stooq.com/?apikey=1", "no base address"),
        ("https://stooq.com:port", "no address"),
        ("https://me:word@stooq.com", "password"),
    ],
)
def test_another_address_is_refused(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"setting {name}: " in str(caught.value)
    assert told in str(caught.value)
    assert not re.search("me:word|apikey=", "".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("name", KEYS)
def test_a_key_comes_from_a_variable_or_a_file_and_never_prints(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    settings = load_settings()
    assert settings.vendor_key(name) == KEY
    assert KEY not in repr(settings)

    monkeypatch.setenv(name, "another-key-0123")
    assert load_settings().vendor_key(name) == "another-key-0123"


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("key", [f"{KEY} {KEY}", f"{KEY}\r\nX-Other: 1", f"{KEY}é"])
def test_a_key_that_cannot_be_one_is_refused_without_being_told(
    name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, key)
    with pytest.raises(SettingsError, match=f"{name} holds blanks") as caught:
        load_settings()
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_blank_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRED_API_KEY", "  ")
    assert load_settings().vendor_key("FRED_API_KEY") == ""


def test_the_lake_is_a_folder_or_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given, taken in (
        ("elsewhere/lake", str(tmp_path / "elsewhere" / "lake")),
        (str(tmp_path / "x"), str(tmp_path / "x")),
        ("s3://bucket/prefix/", "s3://bucket/prefix"),
        ("memory://lake", "memory://lake"),
    ):
        monkeypatch.setenv("TIEOUT_LAKE_URL", given)
        assert load_settings().lake_url == taken


def test_no_secret_stands_in_the_lakes_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_LAKE_URL", "s3://AKIA:word@bucket/prefix")
    with pytest.raises(SettingsError, match="TIEOUT_LAKE_URL") as caught:
        load_settings()
    assert "word@" not in str(caught.value)
