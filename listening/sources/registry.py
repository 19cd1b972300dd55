"""Every source by name, and the parameters of a watch read as its source wants them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from listening.errors import NotFoundError, SettingsError
from listening.sources.appstore import AppStore
from listening.sources.base import KEEP_ALL, Source, SourceSetting, SourceSpec
from listening.sources.bluesky import Bluesky
from listening.sources.credentials import credentials
from listening.sources.discourse import Discourse
from listening.sources.feed import FeedSource
from listening.sources.firehose import Firehose
from listening.sources.folder import FolderSource
from listening.sources.gdelt import Gdelt
from listening.sources.hackernews import HackerNews
from listening.sources.jetstream import Jetstream
from listening.sources.lemmy import Lemmy
from listening.sources.mastodon import Mastodon
from listening.sources.push import PushSource
from listening.sources.reddit import Reddit
from listening.sources.stackexchange import StackExchange
from listening.sources.x import X
from listening.sources.youtube import YouTube

# Files first, then what needs no key, then what does.
REGISTRY: dict[str, Source] = {
    source.spec.name: source
    for source in (
        FolderSource(),
        PushSource(),
        FeedSource(),
        HackerNews(),
        Mastodon(),
        Jetstream(),
        Firehose(),
        Lemmy(),
        Discourse(),
        StackExchange(),
        Gdelt(),
        AppStore(),
        Bluesky(),
        Reddit(),
        YouTube(),
        X(),
    )
}

_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def get_source(name: str) -> Source:
    """The source of a name.

    Raises:
        NotFoundError: none; lists those there are.
    """
    source = REGISTRY.get(name.strip().casefold())
    if source is None:
        raise NotFoundError(
            f"No source {name!r} (there are: {', '.join(sorted(REGISTRY))}); "
            "`listening source list` says what each can do."
        )
    return source


def settle(source: Source, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a watch, checked; what is left out, or is the default, is not kept.

    Raises:
        SettingsError: one is unknown, missing or makes no sense; names it and the fix.
    """
    known = {setting.name: setting for setting in settings_of(source.spec)}
    for name in given:
        if name not in known:
            raise SettingsError(_unknown(source.spec, name))
    params = {
        name: _value(source.spec, known[name], value)
        for name, value in given.items()
        if value not in (None, "", {})
    }
    for setting in known.values():
        if setting.required and setting.name not in params:
            raise SettingsError(
                f"{source.spec.name}: {setting.name} is missing ({setting.help}); write --set "
                f"{setting.name}=..."
            )
    credentials(source.spec)
    checked = source.check(params)
    return {name: value for name, value in checked.items() if value != known[name].default}


def settings_of(spec: SourceSpec) -> tuple[SourceSetting, ...]:
    """What a watch of a source may be told, what all platforms have in common included."""
    return (*spec.settings, *((KEEP_ALL,) if spec.only_mentions else ()))


def where(params: Mapping[str, Any]) -> str:
    """What a watch looks at, in a few words."""
    told = [str(value) for value in params.values() if not isinstance(value, Mapping | bool)]
    return ", ".join(told) or "its names"


def params_key(params: Mapping[str, Any]) -> str:
    """Parameters in one spelling: two watches with the same are one."""
    return json.dumps(params, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def read_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Parameters as a person writes them, `name=value` or `table.name=value`.

    Raises:
        SettingsError: a pair is none, or stands twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        table, dot, key = name.strip().partition(".")
        into = found.setdefault(table, {}) if dot else found
        place = key if dot else table
        if not equals or not place or not isinstance(into, dict):
            raise SettingsError(f"--set {pair}: write name=value, such as --set path=/data/in.")
        if place in into:
            raise SettingsError(f"--set {pair}: {name.strip()} is set twice.")
        into[place] = value.strip()
    return found


def _value(spec: SourceSpec, setting: SourceSetting, value: Any) -> Any:
    where = f"{spec.name}: {setting.name}"
    if setting.kind == "table":
        if not isinstance(value, Mapping):
            raise SettingsError(f"{where}: write {setting.name}.NAME=VALUE, once for each.")
        return {str(key): str(own) for key, own in value.items()}
    if isinstance(value, Mapping):
        raise SettingsError(f"{where} is one value; write {setting.name}=VALUE.")
    if setting.kind == "text" or isinstance(value, bool):
        return value
    flag = _FLAGS.get(str(value).casefold())
    if flag is None:
        raise SettingsError(f"{where}: {value!r} is neither yes nor no.")
    return flag


def _unknown(spec: SourceSpec, name: str) -> str:
    names = [setting.name for setting in settings_of(spec)]
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{spec.name}: there is no setting {name!r}{hint}; settings: {', '.join(names)}."
