"""Every setting, in one place.

Settings come from the environment (`LISTENING_...`) or a `.env` file in the working
directory; the defaults run the embedded deployment in one data folder.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from listening.errors import SettingsError

Sentiment = Literal["negative", "neutral", "positive"]

_LANGUAGE = re.compile(r"[a-z]{2}|\*")


def _from_json(value: object) -> object:
    """A setting that holds more than one thing is written as JSON."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return {}
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"not JSON ({error}); docs/models.md shows how") from None


class Settings(BaseSettings):
    """What can be set, with its default and unit."""

    model_config = SettingsConfigDict(env_prefix="LISTENING_", env_file=".env", extra="ignore")

    data_dir: Path = Field(
        Path("data"), description="Folder of the embedded store, queue and caches."
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy address of the store; none: SQLite in data_dir."
    )
    broker_url: SecretStr | None = Field(
        None, description="Celery broker; none: the filesystem broker in data_dir."
    )
    models_dir: Path | None = Field(
        None, description="Folder with manifest.toml; none: models/ of this checkout."
    )
    base_encoder_dir: Path | None = Field(
        None, description="Folder of the pinned base encoder; none: found as models/README.md says."
    )
    engine_backend: Literal[
        "auto", "float32", "bfloat16", "openvino-float32", "openvino-bfloat16", "cuda"
    ] = Field(
        "auto", description="How the encoder computes; auto times the backends once and remembers."
    )
    model_threads: int | None = Field(
        None, ge=1, description="Threads of one model process; none: all cores of this machine."
    )
    encoder_model: str | None = Field(
        None,
        description="Folder or hub name of another sentence-transformers encoder for the vectors; "
        "none: the pinned base.",
    )
    sentiment_models: Annotated[dict[str, str], NoDecode, BeforeValidator(_from_json)] = Field(
        {},
        description='Language code to folder or hub name of a transformers classifier; "*" for '
        "every language our own model does not know.",
    )
    sentiment_labels: Annotated[
        dict[str, dict[str, Sentiment]], NoDecode, BeforeValidator(_from_json)
    ] = Field({}, description="Of such a model, what its labels mean, where they do not say so.")

    interest_half_life_days: float = Field(
        180.0, gt=0, description="Age at which a post counts half in its author's profile."
    )
    mention_weight: float = Field(
        0.3,
        gt=0,
        le=1,
        description="How much a mention of a brand says about interests, beside other posts.",
    )
    opinion_weight: float = Field(
        0.2, ge=0, description="Scale of the opinion block beside the unit interest vector."
    )
    segment_min_posts: int = Field(
        2, ge=1, description="Posts an author needs to take part in a segmentation."
    )
    segment_seed: int = Field(42, description="Seed of UMAP.")
    segment_chunk: int = Field(
        50_000,
        ge=1,
        description="Authors whose segments one worker finds at a time; beyond, several do.",
    )

    segment_drift_share: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Share of authors come or moved to another segment since the last run at "
        "which segments are found anew by day.",
    )

    stance_half_life_days: float = Field(
        180.0, gt=0, description="Age at which a mention counts half in its author's stance."
    )

    # Keeping house: what goes by itself, and when. Mentions go by their brand's retention.
    keep_jobs_days: float = Field(
        30.0, gt=0, description="Age at which jobs and back-fills that ended are forgotten."
    )
    keep_rows_days: float = Field(
        30.0, gt=0, description="Age at which quarantined rows go that could be read since."
    )
    keep_sweeps_days: float = Field(90.0, gt=0, description="Age at which sweeps are forgotten.")
    keep_sweeps_least: int = Field(
        20, ge=1, description="Sweeps of each watch that stay whatever their age."
    )
    keep_segmentations: int = Field(
        14,
        ge=1,
        description="Segmentation runs whose memberships stay; the current one's always do.",
    )
    keep_presence_hours: float = Field(
        24.0, gt=0, description="Silence after which a process is struck off the list."
    )

    # Sweeps: where one stops, so that no watch holds up the others; the rest follows at once.
    sweep_max_posts: int = Field(50_000, ge=1, description="Posts of one sweep.")
    sweep_max_seconds: float = Field(120.0, gt=0, description="Seconds of one sweep.")

    contact: str | None = Field(
        None, description="Address or mail by which platforms reach whoever runs this; sent along."
    )
    sources_allow_private: bool = Field(
        False, description="Whether sources may reach addresses inside this network."
    )
    interests_posts: int = Field(
        0,
        ge=0,
        le=100,
        description="Recent posts looked up of each author who mentions a brand, where the "
        "source's terms allow; 0: none.",
    )
    interests_authors: int = Field(
        50, ge=1, description="Authors looked up by one sweep, where any are."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False

    # Optional, each with an extra of its own (docs/monitoring.md); texts are never sent.
    sentry_dsn: SecretStr | None = Field(None, description="Where errors are reported; none: off.")
    otel_endpoint: str | None = Field(
        None, description="OTLP over HTTP, such as http://localhost:4318; none: no traces."
    )

    secret_key: SecretStr | None = Field(
        None,
        description="What cookies are signed and credentials encrypted with; none: a file in "
        "data_dir. Web and workers on several machines need the same.",
    )
    sign_in_days: float = Field(
        14.0, gt=0, description="Age at which a browser has to sign in again, used or not."
    )
    sign_in_idle_hours: float = Field(
        72.0, gt=0, description="Silence after which a browser has to sign in again."
    )
    # OpenID Connect (docs/access.md); off where no issuer is named.
    oidc_issuer: str | None = Field(None, description="Issuer, such as https://id.example.com.")
    oidc_client_id: str | None = Field(None, description="What we are to the issuer.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="None: a public client, by PKCE alone."
    )
    oidc_scopes: str = Field("openid email profile", description="What is asked for.")
    oidc_name: str = Field("single sign-on", description="What the sign-in page calls it.")
    oidc_login_claim: str = Field("email", description="Claim that is the login.")
    oidc_domain: str | None = Field(
        None, description="Logins must end in @this; none: whoever the issuer vouches for."
    )
    oidc_new_accounts: bool = Field(
        False, description="Whether who was not invited gets an account at the first sign-in."
    )
    oidc_groups_claim: str = Field("groups", description="Claim that lists groups.")
    oidc_roles: Annotated[
        dict[str, Literal["viewer", "support", "brand", "admin"]],
        NoDecode,
        BeforeValidator(_from_json),
    ] = Field(
        {},
        description="Group to role for every brand, set at each sign-in; none: roles are ours.",
    )
    oidc_default_role: Literal["viewer", "support", "brand", "admin"] | None = Field(
        None, description="Of new accounts whose groups name none; none: they are refused."
    )

    keep_audit_days: float = Field(
        400.0, gt=0, description="Age at which entries of the audit log are forgotten."
    )
    metrics_open: bool = Field(
        False,
        description="Whether /metrics answers everybody; else this machine alone, and API keys of "
        "admins.",
    )
    api_requests_a_minute: int = Field(
        600, ge=1, description="Requests to the API that one key or browser may make."
    )

    web_host: str = "127.0.0.1"
    web_port: int = Field(8765, ge=1, le=65535)
    public_url: str | None = Field(
        None,
        description="Address by which people reach the pages, for links in notifications; none: "
        "http, web_host and web_port.",
    )

    @field_validator("encoder_model")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        return (value or "").strip() or None

    @field_validator("sentiment_models")
    @classmethod
    def _by_language(cls, value: dict[str, str]) -> dict[str, str]:
        for language, model in value.items():
            if not _LANGUAGE.fullmatch(language):
                raise ValueError(
                    f'"{language}" is no language: a code of two small letters, or "*"'
                )
            if not model.strip():
                raise ValueError(f'"{language}" names no model')
        return {language: model.strip() for language, model in value.items()}

    @field_validator("sentiment_labels")
    @classmethod
    def _of_named_models(
        cls, value: dict[str, dict[str, Sentiment]], info: ValidationInfo
    ) -> dict[str, dict[str, Sentiment]]:
        named = info.data.get("sentiment_models", {}).values()
        for model in value:
            # Where the models themselves did not fit, that alone is told.
            if "sentiment_models" in info.data and model not in named:
                raise ValueError(f'"{model}" is not named in LISTENING_SENTIMENT_MODELS')
        return value

    @property
    def store_url(self) -> str:
        """Address of the store. Holds the password: show `Store.shown_url` instead."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'listening.db'}"

    @property
    def shown_url(self) -> str:
        """Address by which people reach the pages, without a slash at its end."""
        return (self.public_url or f"http://{self.web_host}:{self.web_port}").rstrip("/")

    @property
    def embedded_queue(self) -> bool:
        """Whether messages travel through files in the data folder."""
        return self.broker_url is None

    def folder(self, name: str) -> Path:
        """A folder below the data folder, made when missing.

        Raises:
            SettingsError: a file is in its place, or the disk does not let it be made.
        """
        path = self.data_dir / name
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"The data folder {path} cannot be made ({error.strerror}); set "
                "LISTENING_DATA_DIR to one that can."
            ) from error
        return path


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        SettingsError: a value does not fit (names the variable), or .env is no text.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{_variable(e['loc'])}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise SettingsError("Settings do not fit:\n  " + "\n  ".join(lines)) from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8: save it as UTF-8.") from None


def _variable(place: tuple[int | str, ...]) -> str:
    """The variable, and in brackets which part of it where it holds more than one thing."""
    name, *within = map(str, place) if place else ("?",)
    part = f" ({' > '.join(within)})" if within else ""
    return f"LISTENING_{name.upper()}{part}"
