"""Settings: what is accepted, what is refused in one sentence, what never prints."""

import os
from datetime import date
from pathlib import Path

import pytest

from config.flex_query import first_month, parse_queries
from config.flex_token import expiry
from config.settings import SettingsError, environment_of_children, load_settings, prepare_environment
from orchestration.instance import prepare_instance


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "TIEOUT_DATA_DIR",
        "FLEX_TIMEZONE",
        "BASE_CURRENCY",
        "REPORTING_CURRENCY",
        "BENCHMARK",
        "FLEX_TOKEN",
        "FLEX_TOKEN_FILE",
        "DB_URL",
        "DB_URL_FILE",
        "TIEOUT_DAGSTER_HOME",
        "FLEX_TOKEN_EXPIRES",
        "FLEX_BACKFILL_FROM",
        "LOG_FORMAT",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_HOME", "")


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.data.root == tmp_path / "data"
    assert (settings.flex_timezone, settings.base_currency) == ("America/New_York", None)


def test_a_env_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("BASE_CURRENCY=chf\nFLEX_TIMEZONE=Europe/Zurich\n")
    monkeypatch.setenv("FLEX_TIMEZONE", "Asia/Tokyo")
    settings = load_settings()
    assert (settings.base_currency, settings.flex_timezone) == ("CHF", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("FLEX_TIMEZONE", "Mars/Base", "no time zone"),
        ("BASE_CURRENCY", "EURO", "no currency code"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
        ("FLEX_FETCH_CRON", "at five", "no cron line"),
        ("FLEX_FETCH_CRON", "99 25 * * *", "no cron line"),
        ("TIEOUT_KEEP_VERSIONS", "0", "greater than or equal to 1"),
    ],
)
def test_a_bad_value_is_named_with_what_is_accepted(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told) as error:
        load_settings()
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_token_never_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEX_TOKEN", "123456789012345678901234")
    settings = load_settings()
    assert "1234567890" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, url = tmp_path / "token", tmp_path / "url"
    token.write_text(" 123456789012345678901234\n")
    url.write_text("sqlite:////books/state.sqlite\n")
    monkeypatch.setenv("FLEX_TOKEN_FILE", str(token))
    monkeypatch.setenv("DB_URL_FILE", str(url))
    settings = load_settings()
    assert settings.flex_token is not None
    assert settings.flex_token.get_secret_value() == "123456789012345678901234"
    assert settings.state_url == "sqlite:////books/state.sqlite"
    assert "1234567890" not in f"{settings!r} {settings.model_dump()}"
    monkeypatch.setenv("FLEX_TOKEN", "999999999999999999999999")
    named = load_settings().flex_token
    assert named is not None
    assert named.get_secret_value().startswith("999"), "the variable itself wins"


def test_an_empty_secret_is_none_and_a_missing_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").touch()
    monkeypatch.setenv("FLEX_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("DB_URL_FILE", "")
    settings = load_settings()
    assert settings.flex_token is None
    assert settings.state_url == settings.data.state_url
    monkeypatch.setenv("FLEX_TOKEN_FILE", str(tmp_path / "gone"))
    with pytest.raises(
        SettingsError, match=r"FLEX_TOKEN_FILE names .*gone, which cannot be read: No such file"
    ):
        load_settings()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("FLEX_TOKEN_FILE", str(tmp_path / "bytes"))
    with pytest.raises(SettingsError, match="it is no text"):
        load_settings()


def test_an_instance_that_is_made_elsewhere_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("TIEOUT_DAGSTER_HOME", str(home))
    with pytest.raises(SettingsError, match=r"TIEOUT_DAGSTER_HOME.*has no dagster\.yaml"):
        load_settings()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    data = load_settings().data
    prepare_environment(data)
    prepare_instance(data)
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"
    assert not data.root.exists()
    # A build in a folder of its own, such as --as-of, has its own instance.
    apart = load_settings().model_copy(update={"data_dir": tmp_path / "apart", "dagster_home": None})
    prepare_environment(apart.data)
    assert load_settings().data.dagster_home == tmp_path / "apart" / "dagster"


def test_days_are_days_or_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEX_TOKEN_EXPIRES", "2027-03-31")
    monkeypatch.setenv("FLEX_BACKFILL_FROM", " ")
    settings = load_settings()
    assert (settings.flex_token_expires, settings.flex_backfill_from) == (date(2027, 3, 31), None)
    monkeypatch.setenv("FLEX_BACKFILL_FROM", "03/31/2024")
    with pytest.raises(SettingsError, match=r"FLEX_BACKFILL_FROM: .* is no day; write one like 2026-03-31"):
        load_settings()
    monkeypatch.setenv("FLEX_BACKFILL_FROM", "2999-01-01")
    with pytest.raises(SettingsError, match=r"FLEX_BACKFILL_FROM: .* has not come yet"):
        load_settings()


@pytest.mark.parametrize(
    ("since", "today", "first"),
    [
        (None, date(2026, 11, 23), date(2025, 11, 1)),
        (None, date(2026, 1, 1), date(2025, 1, 1)),
        (date(2022, 6, 15), date(2026, 11, 23), date(2022, 6, 1)),
    ],
)
def test_the_history_begins_with_a_whole_month(since: date | None, today: date, first: date) -> None:
    assert first_month(since, today) == first


@pytest.mark.parametrize("name", ["a|b", "[a]", "a...b", "a/b", ".a", "a\x07b"])
def test_a_query_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no query"):
        parse_queries(f"{name}=777")


@pytest.mark.parametrize(
    ("expires", "state", "text"),
    [
        (date(2026, 11, 23), "problem", "expired on 2026-11-23"),
        (date(2026, 11, 24), "warning", "expires in 1 day (2026-11-24)"),
        (date(2026, 12, 7), "warning", "expires in 14 days"),
        (date(2026, 12, 8), "ok", "expires in 15 days"),
    ],
)
def test_the_end_of_a_token_is_warned_of_from_14_days_before(expires: date, state: str, text: str) -> None:
    found = expiry(expires, date(2026, 11, 23))
    assert found is not None
    assert found.state == state
    assert text in found.text
    assert expiry(None, date(2026, 11, 23)) is None


def test_children_find_the_same_folder_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_DATA_DIR", "here")
    prepare_environment(load_settings().data)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_settings().data.root == tmp_path / "here"


def test_children_read_the_same_env_file_and_secrets_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("BASE_CURRENCY=chf\nFLEX_TOKEN_FILE=token\n")
    (tmp_path / "token").write_text("12345")
    handed = environment_of_children(load_settings())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("BASE_CURRENCY=usd\n")
    monkeypatch.chdir(elsewhere)
    assert load_settings().base_currency == "USD"
    for name, value in handed.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.base_currency, settings.flex_token_text) == ("CHF", "12345")
    assert handed["TIEOUT_ENV_FILE"] == str(tmp_path / ".env")
    assert "12345" not in handed.values(), "no secret goes into an environment"


def test_the_reporting_currency_and_the_benchmark_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTING_CURRENCY", "usd")
    monkeypatch.setenv("BENCHMARK", "SPY")
    settings = load_settings()
    assert (settings.reporting_currency, settings.benchmark) == ("USD", "SPY")
    monkeypatch.setenv("BENCHMARK", "../secrets")
    with pytest.raises(SettingsError, match=r"BENCHMARK.*name of a series"):
        load_settings()
    monkeypatch.setenv("BENCHMARK", "")
    monkeypatch.setenv("REPORTING_CURRENCY", "dollars")
    with pytest.raises(SettingsError, match="REPORTING_CURRENCY"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"TIEOUT_EXECUTOR": "celery"}, "set TIEOUT_LAKE_URL, too"),
        ({"TIEOUT_EXECUTOR": "celery", "TIEOUT_LAKE_URL": "s3://b/l"}, "set TIEOUT_CELERY_BROKER_URL"),
        ({"TIEOUT_EXECUTOR": "threads"}, "in_process"),
    ],
)
def test_workers_need_a_lake_and_a_broker(
    given: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told):
        load_settings()


def test_the_broker_is_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "broker"
    file.write_text("redis://:hidden@host:6379/0\n")
    monkeypatch.setenv("TIEOUT_CELERY_BROKER_URL_FILE", str(file))
    settings = load_settings()
    assert settings.broker_url == "redis://:hidden@host:6379/0"
    assert "hidden" not in repr(settings)
