"""Every setting, in one place.

Settings come from the environment (`LISTENING_...`) or a `.env` file in the working
directory; the defaults run the embedded deployment in one data folder.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from listening.errors import SettingsError


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
    engine_backend: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="How the encoder computes; auto times the backends once and remembers."
    )
    model_threads: int | None = Field(
        None, ge=1, description="Threads of one model process; none: all cores of this machine."
    )

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

    stance_half_life_days: float = Field(
        180.0, gt=0, description="Age at which a mention counts half in its author's stance."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False

    web_host: str = "127.0.0.1"
    web_port: int = Field(8765, ge=1, le=65535)

    @property
    def store_url(self) -> str:
        """Address of the store. Holds the password: show `Store.shown_url` instead."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'listening.db'}"

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
            f"LISTENING_{str(e['loc'][0]).upper() if e['loc'] else '?'}: {e['msg']}"
            for e in error.errors()
        ]
        raise SettingsError("Settings do not fit:\n  " + "\n  ".join(lines)) from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8: save it as UTF-8.") from None
