"""The process's settings: environment variables → one frozen `Settings`, read when asked, never at import.

What the set-up pages stored in the state folder (`settings.env`) is read after the environment, which always wins.

Where nothing is configured at all, the settings that a local sandbox left in the state folder are used
(`sandbox.env`), so that a fresh clone can be tried out. One real setting switches that off: the sandbox and a real
shop never mix. Per-shop choices are not here but in `listings/shop_settings.py`.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from etsy_pipeline import state_folder
from etsy_pipeline.cores import cores
from etsy_pipeline.errors import BadRequest, NotConfigured
from etsy_pipeline.safe_text import visible

SETTINGS_FILE = "settings.env"
SANDBOX_FILE = "sandbox.env"
FENCE_FILE = "fence.json"
SHORTEST_API_TOKEN = 16
LEAST_RUNS_AT_ONCE = 2
A_CENTURY = 36_500  # days
A_YEAR = 8760  # hours
LONGEST_VALUE_TOLD = 50
DEFAULT_REDIRECT_URI = "http://localhost:9000/admin/oauth/etsy/callback"

# Any of these in the environment means: this is a real installation, leave the sandbox's settings alone.
_REAL_INSTALLATION = ("ETSY_CLIENT_ID", "ETSY_SHARED_SECRET", "MEDUSA_URL", "MEDUSA_API_KEY")

STORABLE = (
    "MEDUSA_URL", "MEDUSA_API_KEY", "MEDUSA_AMOUNT_UNIT", "ETSY_CLIENT_ID", "ETSY_SHARED_SECRET", "ETSY_REDIRECT_URI",
)  # fmt: skip
"""What the set-up pages may store. None of it says who may come in, or where our own data lie."""

_STORABLE_VALUE = re.compile(r"[!-~]{1,1000}")  # one line of visible ASCII, without what the file's format would change
_OF_FORMAT = frozenset("\"'`\\#$")

_HOW = {
    "MEDUSA_URL": "the address of the Medusa server, for example https://shop.example.com",
    "MEDUSA_API_KEY": "a secret API key (Medusa admin → Settings → Secret API Keys)",
    "MEDUSA_AMOUNT_UNIT": "'major' if Medusa shows 29.99 for a price of 29.99 (Medusa v2), 'minor' if it stores 2999",
    "ETSY_CLIENT_ID": "the keystring of your Etsy app (etsy.com/developers/your-apps)",
    "ETSY_SHARED_SECRET": "the shared secret of your Etsy app (etsy.com/developers/your-apps)",
    "ETSY_PIPELINE_SECRET_KEY": "a key from `etsy-pipeline db new-key`",
}


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _long_enough(token: SecretStr | None) -> SecretStr | None:
    if token is not None and len(token.get_secret_value()) < SHORTEST_API_TOKEN:
        raise ValueError(f"has fewer than {SHORTEST_API_TOKEN} characters and could be guessed")
    return token


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone; write one as in Europe/Berlin") from None
    return name


AmountUnit = Literal["minor", "major"]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None, BeforeValidator(_upper)]
ApiToken = Annotated[SecretStr | None, AfterValidator(_long_enough)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]


class Settings(BaseSettings):
    """Everything a process needs to know; a field's name is its environment variable in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

    etsy_client_id: str | None = Field(default=None, description="Keystring of the Etsy app; also the OAuth client id.")
    etsy_shared_secret: SecretStr | None = Field(default=None, description="Shared secret of the Etsy app (x-api-key).")
    etsy_redirect_uri: str = Field(
        default=DEFAULT_REDIRECT_URI,
        description="Where Etsy sends the seller back; registered with the app, to the letter.",
    )
    etsy_scope: str = Field(default="listings_r listings_w shops_r", description="OAuth scopes, separated by spaces.")
    etsy_api_url: str = Field(default="https://openapi.etsy.com", description="Host of Etsy's API.")
    etsy_oauth_url: str = Field(
        default="https://www.etsy.com/oauth/connect", description="Page on which the seller consents."
    )
    etsy_token_url: str = Field(
        default="https://api.etsy.com/v3/public/oauth/token",
        description="Where codes and refresh tokens are exchanged.",
    )
    medusa_url: str | None = Field(default=None, description="Address of the Medusa server.")
    medusa_api_key: SecretStr | None = Field(default=None, description="Secret API key of the Medusa server.")
    medusa_amount_unit: AmountUnit | None = Field(
        default=None,
        description="minor: 2999 means 29.99; major: 29.99 means 29.99. No default: a wrong guess is costly.",
    )
    medusa_patience_seconds: float = Field(
        default=180,
        ge=0,
        le=3600,
        description="Seconds for which a Medusa that restarts, is maintained or asks to be asked more slowly is waited "
        "for. Whoever waits at a screen waits 10 at most.",
    )
    etsy_pipeline_home: Path = Field(
        default=Path(".etsy_pipeline"), description="State folder: database, snapshots, Dagster's storage."
    )
    etsy_pipeline_snapshots: str | None = Field(
        default=None,
        description="Where snapshots lie: file:/folder, s3://bucket/prefix (?endpoint=…&region=…; keys by AWS_…), or "
        "db: (in the database). Several machines need one of the latter two, or a disk that all share. Default: "
        "`snapshots` in the state folder.",
    )
    etsy_pipeline_snapshot_hours: int = Field(
        default=24,
        ge=1,
        le=A_YEAR,
        description="Hours after which a plan is no longer made from what an earlier run read from Medusa.",
    )
    etsy_pipeline_database_url: str | None = Field(
        default=None, description="SQLAlchemy URL; default: a SQLite file in the state folder."
    )
    etsy_pipeline_fence: str | None = Field(
        default=None,
        description="A file outside the state folder that keeps how far the books had come, so that an old copy of the "
        "whole folder is noticed; `off`: none. Default: one below $XDG_STATE_HOME or ~/.local/state; none with the "
        "sandbox, and none on a worker without a state folder.",
    )
    etsy_pipeline_secret_key: SecretStr | None = Field(
        default=None,
        description="Key that encrypts tokens; several, separated by commas, rotate (the first one encrypts).",
    )
    etsy_pipeline_api_token: ApiToken = Field(
        default=None,
        description="Bearer token of the HTTP API, 16 characters or more; without it only this machine is answered.",
    )
    etsy_pipeline_api_cors_origins: str | None = Field(
        default=None,
        description="Origins (https://admin.example.com) whose pages may call the HTTP API, separated by commas.",
    )
    etsy_webhook_secret: SecretStr | None = Field(
        default=None, description="Signing secret of Etsy's webhooks (whsec_…), from Etsy's webhook portal."
    )
    medusa_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Signing secret (whsec_…) of events that your Medusa sends to POST /webhooks/medusa.",
    )
    etsy_pipeline_quiet_seconds: int = Field(
        default=10,
        ge=1,
        le=60,
        description="Seconds without another change in Medusa, before changes are planned. Anyway after 15 "
        "where they are few, after a minute where they are many.",
    )
    etsy_pipeline_stock_reserve_percent: int = Field(
        default=0,
        ge=0,
        le=90,
        description="Percent of Etsy's calls of a day that only updates of stock and price and deactivations may use.",
    )
    etsy_pipeline_products_at_once: int = Field(
        default=4,
        ge=1,
        le=16,
        description="Products that one publisher carries out side by side; more than Etsy's pace allows is no gain.",
    )
    etsy_pipeline_runs_at_once: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Plans that Dagster draws up at once, and publications of each lane; as many as there are "
        "cores to use, at least 2, unless set.",
    )
    etsy_pipeline_lost_after_seconds: int = Field(
        default=120,
        ge=5,
        le=3600,
        description="Seconds without a sign of life after which a run that plans, or looks at a shop, is given up for "
        "lost, and another one begins.",
    )
    etsy_pipeline_keep_plans_days: int = Field(
        default=90,
        ge=0,
        le=A_CENTURY,
        description="Days after a sync's end for which its plan is kept whole; then each product's outcome, and the "
        "decisions, are left. 0: for ever.",
    )
    etsy_pipeline_keep_runs_days: int = Field(
        default=30,
        ge=0,
        le=A_CENTURY,
        description="Days for which finished runs of Dagster are kept, with their logs, and snapshots that no newer "
        "one has replaced; those are kept for a day, unless a plan that waits names them. 0: for ever.",
    )
    etsy_pipeline_keep_ticks_days: int = Field(
        default=7,
        ge=0,
        le=A_CENTURY,
        description="Days for which ticks of Dagster's sensors and schedules are kept. 0: for ever.",
    )
    etsy_pipeline_notify: SecretStr | None = Field(
        default=None,
        description="Who hears when a sync awaits approval, pauses, ends or fails, separated by commas: "
        "mailto:me@example.com, a Slack webhook, or any https address (a JSON POST).",
    )
    etsy_pipeline_pages_url: str | None = Field(
        default=None,
        description="Where people open the pages of `etsy-pipeline api`, as in https://etsy.example.com: notices link "
        "to them.",
    )
    etsy_pipeline_weekly_digest: bool = Field(
        default=True, description="Whether notices tell on Mondays what was done in each shop in the week before."
    )
    etsy_pipeline_smtp_url: SecretStr | None = Field(
        default=None, description="Mail server of these notices: smtp://user:password@host:587, or smtps://."
    )
    sentry_dsn: SecretStr | None = Field(
        default=None, description="Reports errors to Sentry; needs the extra: pip install 'etsy_pipeline[sentry]'."
    )
    sentry_environment: str = Field(default="production", description="What Sentry shows as the environment.")
    etsy_pipeline_log_level: LogLevel = Field(
        default=None,
        description="Writes the log to standard error, from this level on: DEBUG has a line for each call to Etsy.",
    )
    etsy_pipeline_log_format: Literal["text", "json"] = Field(
        default="text", description="json writes the log as one JSON object a line."
    )
    etsy_pipeline_timezone: TimeZone = Field(
        default="UTC", description="Time zone of the daily sync, as in Europe/Berlin."
    )
    etsy_pipeline_trusted_image_hosts: str = Field(
        default="",
        description="Hosts and networks of one's own that may serve pictures though they are private, separated by "
        "commas. The host of MEDUSA_URL always may.",
    )
    uses_sandbox: bool = Field(default=False, description="Set by the sandbox's own settings file.")

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, found: object) -> object:
        """A variable that is set to nothing counts as not set, and has its default."""
        if not isinstance(found, dict):
            return found
        return {name: value for name, value in found.items() if not isinstance(value, str) or value.strip()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file that `load` named: the stored settings, or the sandbox's."""
        return init_settings, env_settings, dotenv_settings

    @classmethod
    def load(cls, **overrides: object) -> "Settings":
        """Read the settings now.

        Raises:
            NotConfigured: `settings_unreadable`, naming each variable that is wrong.
        """
        home = Path(os.environ.get("ETSY_PIPELINE_HOME") or ".etsy_pipeline")
        is_real = any(os.environ.get(name) for name in _REAL_INSTALLATION) or (home / SETTINGS_FILE).exists()
        present = {name: value for name, value in overrides.items() if value is not None}
        file = home / (SETTINGS_FILE if is_real else SANDBOX_FILE)
        try:
            return _read(cls, file, _state_of(file), frozenset(os.environ.items()), frozenset(present.items()))
        except ValidationError as error:
            problems = "; ".join(map(_problem, error.errors(include_context=False, include_url=False)))
            raise NotConfigured(
                f"Settings cannot be read: {problems}.",
                code="settings_unreadable",
                hint="Correct these environment variables; docs/settings.md lists all of them.",
            ) from None

    @property
    def database_url(self) -> str:
        """The database's SQLAlchemy URL: as configured, else the embedded SQLite file."""
        return self.etsy_pipeline_database_url or f"sqlite:///{self.embedded_database}"

    @property
    def embedded_database(self) -> Path:
        """The SQLite file in the state folder."""
        return self.etsy_pipeline_home / "etsy_pipeline.db"

    @property
    def has_embedded_database(self) -> bool:
        """Whether the database is the SQLite file in the state folder."""
        return self.etsy_pipeline_database_url is None

    @property
    def fence_paths(self) -> list[Path]:
        """The files that keep how far the books had come: one in the state folder, one outside of it.

        The one outside is this installation's: of its state folder, and of the Etsy that it speaks to. With the sandbox
        there is none, for its shop lies in the state folder and goes with it. A worker that has no state folder (its
        database is a server) keeps none, unless it is told where: each machine's would know of its own steps only.
        """
        inside = self.etsy_pipeline_home / FENCE_FILE
        if not self.has_embedded_database and not self.etsy_pipeline_home.exists():
            named = self.etsy_pipeline_fence
            return [Path(named)] if named and named.casefold() != "off" else []
        if self.etsy_pipeline_fence is not None:
            is_off = self.etsy_pipeline_fence.casefold() == "off"
            return [inside] if is_off else [inside, Path(self.etsy_pipeline_fence)]
        if self.uses_sandbox:
            return [inside]
        states = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        whose = f"{self.etsy_pipeline_home.resolve()} {self.etsy_api_url}"
        return [inside, states / "etsy_pipeline" / f"fence-{hashlib.sha256(whose.encode()).hexdigest()[:16]}.json"]

    @property
    def runs_at_once(self) -> int:
        """How many plans are drawn up at once, and how many publications of a lane are carried out."""
        return self.etsy_pipeline_runs_at_once or max(cores(), LEAST_RUNS_AT_ONCE)

    @property
    def lost_after(self) -> timedelta:
        """How long a run may give no sign of life."""
        return timedelta(seconds=self.etsy_pipeline_lost_after_seconds)

    @property
    def keep_plans(self) -> timedelta | None:
        """How long plans that are over are kept whole; None: for ever."""
        return _kept(self.etsy_pipeline_keep_plans_days)

    @property
    def keep_runs(self) -> timedelta | None:
        """How long Dagster's runs and snapshots are kept; None: for ever."""
        return _kept(self.etsy_pipeline_keep_runs_days)

    @property
    def snapshot_age(self) -> timedelta:
        """How long ago an earlier run may have read Medusa, for a plan to be made from it."""
        return timedelta(hours=self.etsy_pipeline_snapshot_hours)

    @property
    def keep_ticks(self) -> timedelta | None:
        """How long Dagster's ticks are kept; None: for ever."""
        return _kept(self.etsy_pipeline_keep_ticks_days)

    @property
    def cors_origins(self) -> list[str]:
        """The origins whose pages may call the HTTP API."""
        return [
            item.strip().rstrip("/") for item in (self.etsy_pipeline_api_cors_origins or "").split(",") if item.strip()
        ]

    @property
    def trusted_image_hosts(self) -> list[str]:
        """Hosts and networks of one's own that may serve pictures; Medusa's host, at its port, is one."""
        medusa = urlsplit(self.medusa_url or "")
        host = medusa.netloc.rpartition("@")[2]
        if host and not host.rpartition(":")[2].isdecimal():
            host += ":443" if medusa.scheme == "https" else ":80"
        return [host, *self.etsy_pipeline_trusted_image_hosts.split(",")]

    def require(self, *variables: str) -> None:
        """Make sure that these environment variables are set.

        Raises:
            NotConfigured: `setting_missing`, naming all that are missing and what each one is.
        """
        missing = [name for name in variables if getattr(self, name.lower()) is None]
        if missing:
            lines = "; ".join(f"{name}: {_HOW[name]}" for name in missing)
            pages = (
                "; or type them into the set-up page (/setup of `etsy-pipeline up`). To try things out without a shop, "
                "start `etsy-pipeline sandbox` instead"
            )
            raise NotConfigured(
                f"Not set: {', '.join(missing)}.",
                code="setting_missing",
                hint=f"Set {lines}{pages if set(missing) <= set(STORABLE) else ''}.",
            )

    def medusa(self) -> tuple[str, str, AmountUnit]:
        """Where the catalogue is: (URL, API key, unit of amounts)."""
        self.require("MEDUSA_URL", "MEDUSA_API_KEY", "MEDUSA_AMOUNT_UNIT")
        key = cast(SecretStr, self.medusa_api_key).get_secret_value()
        return cast(str, self.medusa_url), key, cast(AmountUnit, self.medusa_amount_unit)

    def etsy_app(self) -> tuple[str, str]:
        """Who we are at Etsy: (keystring, shared secret)."""
        self.require("ETSY_CLIENT_ID", "ETSY_SHARED_SECRET")
        return cast(str, self.etsy_client_id), cast(SecretStr, self.etsy_shared_secret).get_secret_value()


@lru_cache(maxsize=8)
def _read(
    of: type[Settings],
    file: Path,
    _state: tuple[int, ...],
    _environment: frozenset[tuple[str, str]],
    present: frozenset[tuple[str, object]],
) -> Settings:
    """The settings, read anew only where what they are read from has changed: a run asks for them fifty times."""
    return of(_env_file=file, **dict(present))  # type: ignore[call-arg,arg-type] # pydantic's own


def _state_of(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def stored(home: Path) -> dict[str, str]:
    """What the set-up pages stored in a state folder, by variable."""
    path = home / SETTINGS_FILE
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip().upper(): value.strip() for name, _, value in pairs}


def store_settings(home: Path, changes: Mapping[str, str | None]) -> None:
    """Store settings in a state folder, for its owner alone; None takes one out. What else is in the file stays.

    Raises:
        BadRequest: `setting_unusable`, without the value.
    """
    for name, value in changes.items():
        if name not in STORABLE or (value is not None and not _is_storable(value)):
            raise BadRequest(
                f"{name} cannot be stored: it is empty, too long, or has spaces, quotes or other signs that none has.",
                code="setting_unusable",
                hint="Copy it again, without what is around it.",
            )
    state_folder.prepare(home)
    wanted = {name: value for name, value in {**stored(home), **changes}.items() if value is not None}
    partial = home / f"{SETTINGS_FILE}.partial"
    partial.unlink(missing_ok=True)
    state_folder.private_file(partial)
    partial.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
    partial.replace(home / SETTINGS_FILE)


def _is_storable(value: str) -> bool:
    return _STORABLE_VALUE.fullmatch(value) is not None and _OF_FORMAT.isdisjoint(value)


def _kept(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None


def _variable(item: Mapping[str, object]) -> str:
    location = item.get("loc") or ("settings",)
    return str(location[0] if isinstance(location, tuple) else location).upper()


def _problem(item: Mapping[str, Any]) -> str:
    """What is wrong with a variable, and its value unless that may be a secret."""
    told = f"{_variable(item)}: {str(item['msg']).removeprefix('Value error, ')}{_meaning(item)}"
    field = Settings.model_fields.get(_variable(item).lower())
    if field is None or "SecretStr" in str(field.annotation) or _variable(item).endswith(("_URL", "_URI")):
        return told
    return f"{told} (given: {visible(str(item['input'])[:LONGEST_VALUE_TOLD])})"


def _meaning(item: Mapping[str, object]) -> str:
    """What a variable means, where its value alone does not say it."""
    return f" ({_HOW['MEDUSA_AMOUNT_UNIT']})" if _variable(item) == "MEDUSA_AMOUNT_UNIT" else ""
