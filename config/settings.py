"""The settings of Tieout, read from the environment and `.env`. The only place that reads the environment."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.cron import is_cron
from config.data_folder import DataFolder
from config.flex_query import FlexQuery, first_month, parse_queries
from config.market_data import is_series_name, lake_root, usable_key, vendor_address

# The broker's address of the Flex Web Service, version 3.
FLEX_WEB_SERVICE = "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService"

# When it is looked for new statements, in New York: each half hour from 05:15 to 09:45, every day, for what an earlier
# day lacks too.
FLEX_MORNING = "15,45 5-9 * * *"

# When vendors are asked for the bars and rates of the day before, in New York.
MARKET_MORNING = "0 6 * * *"

# Where the `.env` is, for our own children: they run in another folder.
_ENV_FILE = "TIEOUT_ENV_FILE"

# Every one of these tools sends usage statistics unless it is told not to.
NO_STATISTICS = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


class SettingsError(Exception):
    """A setting cannot be used; the message names it and says what is accepted."""


class Settings(BaseSettings):
    """All settings with their defaults; see the table in the README. Secrets are `SecretStr` and never printed."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(default=Path("data"), validation_alias="TIEOUT_DATA_DIR")
    flex_timezone: str = Field(default="America/New_York", validation_alias="FLEX_TIMEZONE")
    base_currency: str | None = Field(default=None, validation_alias="BASE_CURRENCY")
    reporting_currency: str | None = Field(default=None, validation_alias="REPORTING_CURRENCY")
    benchmark: str | None = Field(default=None, validation_alias="BENCHMARK")
    keep_versions: int = Field(default=5, ge=1, validation_alias="TIEOUT_KEEP_VERSIONS")
    risk_free_rate: float = Field(default=0.0, validation_alias="RISK_FREE_RATE")
    log_format: Literal["text", "json"] = Field(default="text", validation_alias="LOG_FORMAT")
    db_url: SecretStr | None = Field(default=None, validation_alias="DB_URL")
    db_url_file: Path | None = Field(default=None, validation_alias="DB_URL_FILE")
    flex_token: SecretStr | None = Field(default=None, validation_alias="FLEX_TOKEN")
    flex_token_file: Path | None = Field(default=None, validation_alias="FLEX_TOKEN_FILE")
    dagster_home: Path | None = Field(default=None, validation_alias="TIEOUT_DAGSTER_HOME")

    flex_query_ids: str = Field(default="", validation_alias="FLEX_QUERY_IDS")
    flex_base_url: str = Field(default=FLEX_WEB_SERVICE, validation_alias="FLEX_BASE_URL")
    flex_token_expires: date | None = Field(default=None, validation_alias="FLEX_TOKEN_EXPIRES")
    flex_fetch_cron: str = Field(default=FLEX_MORNING, validation_alias="FLEX_FETCH_CRON")
    flex_backfill_from: date | None = Field(default=None, validation_alias="FLEX_BACKFILL_FROM")

    ibkr_host: str = Field(default="127.0.0.1", min_length=1, validation_alias="IBKR_HOST")
    ibkr_port: int = Field(default=7497, ge=1, le=65535, validation_alias="IBKR_PORT")
    ibkr_client_id: int = Field(default=1, ge=0, le=999, validation_alias="IBKR_CLIENT_ID")
    reconnect_min_delay: float = Field(default=3.0, gt=0, validation_alias="IBKR_RECONNECT_MIN_DELAY")
    reconnect_max_delay: float = Field(default=60.0, gt=0, validation_alias="IBKR_RECONNECT_MAX_DELAY")
    keepalive_seconds: float = Field(default=15.0, gt=0, validation_alias="IBKR_KEEPALIVE_SECONDS")
    update_interval_minutes: int = Field(
        default=15, ge=1, le=1440, validation_alias="UPDATE_INTERVAL_MINUTES"
    )

    lake: str = Field(default="", validation_alias="TIEOUT_LAKE_URL")
    market_update_cron: str = Field(default=MARKET_MORNING, validation_alias="MARKET_UPDATE_CRON")
    stooq_base_url: str = Field(default="", validation_alias="STOOQ_BASE_URL")
    stooq_api_key: SecretStr | None = Field(default=None, validation_alias="STOOQ_API_KEY")
    stooq_api_key_file: Path | None = Field(default=None, validation_alias="STOOQ_API_KEY_FILE")
    binance_base_url: str = Field(default="", validation_alias="BINANCE_BASE_URL")
    polygon_base_url: str = Field(default="", validation_alias="POLYGON_BASE_URL")
    polygon_api_key: SecretStr | None = Field(default=None, validation_alias="POLYGON_API_KEY")
    polygon_api_key_file: Path | None = Field(default=None, validation_alias="POLYGON_API_KEY_FILE")
    ecb_base_url: str = Field(default="", validation_alias="ECB_BASE_URL")
    fred_base_url: str = Field(default="", validation_alias="FRED_BASE_URL")
    fred_api_key: SecretStr | None = Field(default=None, validation_alias="FRED_API_KEY")
    fred_api_key_file: Path | None = Field(default=None, validation_alias="FRED_API_KEY_FILE")
    treasury_base_url: str = Field(default="", validation_alias="TREASURY_BASE_URL")
    yahoo_base_url: str = Field(default="", validation_alias="YAHOO_BASE_URL")
    executor: Literal["in_process", "celery", "kubernetes"] = Field(
        default="in_process", validation_alias="TIEOUT_EXECUTOR"
    )
    celery_broker_url: SecretStr | None = Field(default=None, validation_alias="TIEOUT_CELERY_BROKER_URL")
    celery_broker_url_file: Path | None = Field(
        default=None, validation_alias="TIEOUT_CELERY_BROKER_URL_FILE"
    )
    inbox_seconds: int = Field(default=30, ge=1, le=3600, validation_alias="TIEOUT_INBOX_SECONDS")

    live_keep_days: int = Field(default=7, ge=1, validation_alias="TIEOUT_LIVE_KEEP_DAYS")
    live_keep_mb: int = Field(default=256, ge=1, validation_alias="TIEOUT_LIVE_KEEP_MB")

    @field_validator(
        "db_url_file",
        "flex_token_file",
        "dagster_home",
        "stooq_api_key_file",
        "polygon_api_key_file",
        "fred_api_key_file",
        "celery_broker_url_file",
        mode="before",
    )
    @classmethod
    def _no_path(cls, value: object) -> object:
        return value or None

    @field_validator("dagster_home")
    @classmethod
    def _an_instance(cls, value: Path | None) -> Path | None:
        if value is not None and not (value / "dagster.yaml").is_file():
            raise ValueError(f"{value} has no dagster.yaml; name the folder of a Dagster instance, or none")
        return value

    @field_validator("executor", mode="before")
    @classmethod
    def _blank_is_here(cls, value: object) -> object:
        return value or "in_process"

    @field_validator("flex_timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone; write one like America/New_York") from error
        return value

    @field_validator("base_currency", "reporting_currency")
    @classmethod
    def _currency_code(cls, value: str | None) -> str | None:
        if not value:
            return None
        code = value.strip().upper()
        if len(code) != 3 or not code.isalpha():
            raise ValueError(f"{value!r} is no currency code; write one like EUR")
        return code

    @field_validator("benchmark")
    @classmethod
    def _plain_name(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not is_series_name(value):
            raise ValueError(f"{value!r} is no name of a series; write SPY for data/benchmark/SPY.csv")
        return value

    @field_validator("flex_query_ids")
    @classmethod
    def _queries(cls, value: str) -> str:
        if value.strip():
            parse_queries(value)
        return value

    @field_validator("flex_token_expires", "flex_backfill_from", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        """A day as text; blank is not set."""
        if not isinstance(value, str):
            return value
        try:
            return date.fromisoformat(value.strip()) if value.strip() else None
        except ValueError as error:
            raise ValueError(f"{value!r} is no day; write one like 2026-03-31") from error

    @field_validator("flex_backfill_from")
    @classmethod
    def _past(cls, value: date | None) -> date | None:
        if value is not None and value > datetime.now(UTC).date():
            raise ValueError(f"{value} has not come yet; write the first day whose documents you want")
        return value

    @field_validator("flex_fetch_cron", "market_update_cron")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        if not is_cron(value):
            raise ValueError(f"{value!r} is no cron line; write five fields like {FLEX_MORNING}")
        return " ".join(value.split())

    @field_validator("flex_base_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme != "https" and address.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(f"{value!r} would send the token in the clear; write an address with https")
        return value

    @field_validator(
        "stooq_base_url",
        "binance_base_url",
        "polygon_base_url",
        "ecb_base_url",
        "fred_base_url",
        "treasury_base_url",
        "yahoo_base_url",
    )
    @classmethod
    def _vendors_address(cls, value: str) -> str:
        return vendor_address(value.strip())

    @field_validator("lake")
    @classmethod
    def _folder_or_address(cls, value: str) -> str:
        return lake_root(value.strip())

    @model_validator(mode="after")
    def _delays_in_order(self) -> Self:
        if self.reconnect_max_delay < self.reconnect_min_delay:
            raise ValueError("IBKR_RECONNECT_MAX_DELAY is shorter than IBKR_RECONNECT_MIN_DELAY")
        return self

    @model_validator(mode="after")
    def _secrets_from_files(self) -> Self:
        self.db_url = self.db_url or _secret("DB_URL_FILE", self.db_url_file)
        self.flex_token = self.flex_token or _secret("FLEX_TOKEN_FILE", self.flex_token_file)
        self.celery_broker_url = self.celery_broker_url or _secret(
            "TIEOUT_CELERY_BROKER_URL_FILE", self.celery_broker_url_file
        )
        for name in ("stooq_api_key", "polygon_api_key", "fred_api_key"):
            key = getattr(self, name) or _secret(f"{name.upper()}_FILE", getattr(self, f"{name}_file"))
            setattr(self, name, key and usable_key(name.upper(), key))
        return self

    @model_validator(mode="after")
    def _what_workers_share(self) -> Self:
        if self.executor != "in_process" and not self.lake:
            raise ValueError(
                f"TIEOUT_EXECUTOR is {self.executor}, whose workers meet in the lake: set TIEOUT_LAKE_URL, too"
            )
        if self.executor == "celery" and not self.broker_url:
            raise ValueError(
                "TIEOUT_EXECUTOR is celery: set TIEOUT_CELERY_BROKER_URL (redis://host:6379/0), too, or …_FILE"
            )
        return self

    @property
    def broker_url(self) -> str:
        """Celery's broker, empty where there is none. It may hold a password: never print it."""
        return self.celery_broker_url.get_secret_value() if self.celery_broker_url else ""

    @property
    def flex_queries(self) -> tuple[FlexQuery, ...]:
        """The queries to fetch, in their order; none if FLEX_QUERY_IDS is not set."""
        return parse_queries(self.flex_query_ids) if self.flex_query_ids.strip() else ()

    @property
    def tws_configured(self) -> bool:
        """Whether somebody has said where TWS listens. The defaults say nothing: most accounts have no TWS."""
        return bool({"ibkr_host", "ibkr_port"} & self.model_fields_set)

    @property
    def flex_token_text(self) -> str:
        """The token itself, empty if FLEX_TOKEN is not set. For the service's own requests alone."""
        return self.flex_token.get_secret_value().strip() if self.flex_token else ""

    def vendor_base_url(self, setting: str) -> str:
        """The base URL that a setting like STOOQ_BASE_URL names; empty where the vendor's own counts."""
        value: str = getattr(self, setting.lower())
        return value

    def vendor_key(self, setting: str) -> str:
        """The key that a setting like FRED_API_KEY holds, else empty. For the vendor's own requests alone."""
        key: SecretStr | None = getattr(self, setting.lower())
        return key.get_secret_value() if key else ""

    @property
    def lake_url(self) -> str:
        """The root of the market data lake: a folder, as an absolute path, or an address like s3://bucket/prefix."""
        if "://" in self.lake:
            return self.lake
        return str(Path(self.lake).expanduser().absolute() if self.lake else self.data.lake)

    @property
    def flex_first_month(self) -> date:
        """The first day of the first month that the history is fetched for."""
        return first_month(self.flex_backfill_from, datetime.now(UTC).date())

    @property
    def state_url(self) -> str:
        """Where the state store is: DB_URL, or a file in the data folder. It may hold a password: never print it."""
        return (self.db_url.get_secret_value() if self.db_url else "") or self.data.state_url

    @property
    def data(self) -> DataFolder:
        """The data folder, as an absolute path (a run may be started from any working directory)."""
        return DataFolder(
            self.data_dir.expanduser().absolute(), self.dagster_home and self.dagster_home.absolute()
        )


def load_settings() -> Settings:
    """Read the settings; raises `SettingsError` that names the variable and what it accepts."""
    try:
        return Settings(_env_file=os.environ.get(_ENV_FILE, ".env"))
    except ValidationError as error:
        first = error.errors()[0]
        name = f"setting {first['loc'][0]}" if first["loc"] else "settings"
        raise SettingsError(f"{name}: {first['msg']}") from error


def _secret(setting: str, path: Path | None) -> SecretStr | None:
    """What stands in a file that holds one secret; None if the file is empty, as for a secret nobody has yet."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(f"{setting} names {path}, which cannot be read: {reason}") from error
    return SecretStr(text) if text else None


def environment_of_children(settings: Settings) -> dict[str, str]:
    """The environment for children with another working directory: they find the same `.env` and the same secrets."""
    files = {
        _ENV_FILE: Path(os.environ.get(_ENV_FILE, ".env")),
        "DB_URL_FILE": settings.db_url_file,
        "FLEX_TOKEN_FILE": settings.flex_token_file,
    }
    return dict(os.environ) | {name: str(path.absolute()) for name, path in files.items() if path}


def prepare_environment(data: DataFolder) -> None:
    """Switch off usage statistics and fix the data folder, for this process and those that it starts.

    The folders are written back as absolute paths: a child with another working directory must find the same ones.
    """
    os.environ.update(NO_STATISTICS)
    os.environ["TIEOUT_DATA_DIR"] = str(data.root)
    os.environ["TIEOUT_DAGSTER_HOME"] = str(data.instance or "")
    os.environ["DAGSTER_HOME"] = str(data.dagster_home)
