"""`listening user | key`: who may sign in, and keys for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import opened
from api.cli.show import CsvOption, JsonOption, plain, put

if TYPE_CHECKING:
    from sqlmodel import Session

    from listening.access import Role
    from listening.config import Settings
    from listening.store.session import Store

app = typer.Typer(help="Who may sign in, and what they may do.", no_args_is_help=True)
keys = typer.Typer(help="API keys: for programs, each of an account.", no_args_is_help=True)

RoleOption = Annotated[
    str | None, typer.Option("--role", help="For every brand: viewer, support, brand, admin.")
]
BrandRoleOption = Annotated[
    list[str] | None,
    typer.Option("--brand-role", help='For one brand, as "BRAND=ROLE" (repeat).'),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def first() -> None:
    """Print a new link that makes the first account, where there is none."""
    with opened(begins=True) as (settings, store):
        if tell_first_link(store, settings):
            _tell_port(settings)
        else:
            print("There are accounts already: `listening user reset LOGIN` makes a link for one.")


@app.command()
def add(
    login: str,
    name: Annotated[str, typer.Option(help="As others see it.")] = "",
    role: RoleOption = None,
    brand_role: BrandRoleOption = None,
) -> None:
    """Add an account, and print the link by which its password is set."""
    from listening.access import COMMAND_LINE
    from listening.store.access.edits import invite

    with opened(begins=True) as (settings, store):
        with store.work() as session:
            linked = invite(
                session, COMMAND_LINE, login, name=name, role=_role(role),
                brands=_brand_roles(session, brand_role or []),
            )  # fmt: skip
        _tell_link(settings, linked.account.login, linked.token)


@app.command("list")
def list_(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show every account with its roles."""
    from listening.store.access.accounts import account_id, all_brand_roles, list_accounts
    from listening.store.brands.brands import brand_id, list_brands

    with opened() as (_, store), store.session() as session:
        names = {brand_id(b): b.name for b in list_brands(session)}
        roles = all_brand_roles(session)
        rows = [
            {
                "login": a.login,
                "name": a.name,
                "role": a.role.value if a.role else None,
                "brands": [
                    f"{names[b]}={r.value}" for b, r in sorted(roles.get(account_id(a), {}).items())
                ],
                "state": "disabled" if a.disabled_at else "active"
                if a.password_hash or a.subject else "invited",
                "signed_in_at": a.signed_in_at.isoformat() if a.signed_in_at else None,
            }
            for a in list_accounts(session)
        ]  # fmt: skip
    columns = ("login", "name", "role", "brands", "state", "signed_in_at")
    put(rows, columns, as_json=as_json, as_csv=as_csv,
        empty="Nobody yet: `listening user first` prints the link for the first.")  # fmt: skip


@app.command()
def invite(login: str) -> None:
    """Print a new link for somebody who has not set a password yet."""
    _new_link(login)


@app.command()
def reset(login: str) -> None:
    """Print a link that sets a new password; the old one holds until it is used."""
    _new_link(login)


def _new_link(login: str) -> None:
    from listening.access import COMMAND_LINE
    from listening.store.access.accounts import account_id, get_account
    from listening.store.access.edits import reset as run

    with opened() as (settings, store):
        with store.work() as session:
            linked = run(session, COMMAND_LINE, account_id(get_account(session, login)))
        _tell_link(settings, linked.account.login, linked.token)


@app.command()
def disable(login: str) -> None:
    """Shut an account out at once, with its browsers and keys."""
    _set_disabled(login, True)


@app.command()
def enable(login: str) -> None:
    """Let an account in again."""
    _set_disabled(login, False)


def _set_disabled(login: str, disabled: bool) -> None:
    from listening.access import COMMAND_LINE
    from listening.store.access.accounts import account_id, get_account
    from listening.store.access.edits import set_disabled

    with opened() as (_, store), store.work() as session:
        account = get_account(session, login)
        set_disabled(session, COMMAND_LINE, account_id(account), disabled)
        print(plain(f"{account.login} is {'disabled' if disabled else 'enabled'}."))


@app.command()
def role(login: str, role: RoleOption = None, brand_role: BrandRoleOption = None) -> None:
    """Set what an account may do; what is not named is taken away."""
    from listening.access import COMMAND_LINE
    from listening.store.access.accounts import account_id, get_account
    from listening.store.access.edits import set_roles

    with opened() as (_, store), store.work() as session:
        account = get_account(session, login)
        set_roles(
            session, COMMAND_LINE, account_id(account), role=_role(role),
            brands=_brand_roles(session, brand_role or []),
        )  # fmt: skip
        print(plain(f"{account.login}: the roles are set."))


@app.command()
def delete(login: str, yes: YesOption = False) -> None:
    """Take an account out with its keys and views; what it did stays in the audit log."""
    from listening.access import COMMAND_LINE
    from listening.store.access.accounts import account_id, get_account
    from listening.store.access.edits import remove_account

    with opened() as (_, store):
        if not yes:
            typer.confirm(f"Remove {login}?", abort=True)
        with store.work() as session:
            remove_account(session, COMMAND_LINE, account_id(get_account(session, login)))
    print(plain(f"{login} removed."))


@keys.command()
def make(
    login: Annotated[str, typer.Argument(help="Whose it is.")],
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[str, typer.Option(help="At most this.")] = "viewer",
    brand: Annotated[str | None, typer.Option(help="For this brand alone.")] = None,
    days: Annotated[int, typer.Option(help="It lasts; at most 366.")] = 90,
    writes: Annotated[bool, typer.Option("--writes", help="It may change things.")] = False,
) -> None:
    """Make an API key; it is printed once."""
    from listening.access import COMMAND_LINE, Role
    from listening.store.access.accounts import get_account
    from listening.store.access.signins import make_api_key
    from listening.store.brands.brands import brand_id, get_brand

    with opened() as (_, store), store.work() as session:
        made = make_api_key(
            session, COMMAND_LINE, get_account(session, login), name,
            role=_role(role) or Role.VIEWER, days=days,
            brand_id=brand_id(get_brand(session, brand)) if brand else None, writes=writes,
        )  # fmt: skip
        print(made.secret)


@keys.command("list")
def list_keys(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show the keys, never what they are."""
    from listening.access import COMMAND_LINE
    from listening.store.access.signins import list_api_keys
    from listening.store.brands.brands import brand_id, list_brands

    with opened() as (_, store), store.session() as session:
        names = {brand_id(b): b.name for b in list_brands(session)}
        rows = [
            {
                "id": one.key.id,
                "name": one.key.name,
                "of": one.login,
                "prefix": one.key.prefix,
                "role": one.key.role.value,
                "brand": names.get(one.key.brand_id) if one.key.brand_id else None,
                "scopes": one.key.scopes,
                "expires_at": one.key.expires_at.isoformat(),
                "used_at": one.key.used_at.isoformat() if one.key.used_at else None,
                "state": one.state,
            }
            for one in list_api_keys(session, COMMAND_LINE, limit=100_000)
        ]
    columns = ("id", "name", "of", "prefix", "role", "brand", "scopes", "expires_at", "state")
    put(rows, columns, as_json=as_json, as_csv=as_csv, empty="No key: listening key make.")


@keys.command()
def revoke(key: Annotated[int, typer.Argument(help="Its id.")]) -> None:
    """Make a key worthless at once."""
    from listening.access import COMMAND_LINE
    from listening.store.access.signins import revoke_api_key

    with opened() as (_, store), store.work() as session:
        revoke_api_key(session, COMMAND_LINE, key)
    print(f"Key {key} revoked.")


def tell_first_link(
    store: Store, settings: Settings, host: str | None = None, port: int | None = None
) -> bool:
    """Print the link that makes the first account; False: there are accounts."""
    from listening.store.access.links import FIRST_HOURS, first_link

    with store.work() as session:
        token = first_link(session)
    if token is None:
        return False
    print(
        f"Nobody can sign in yet. Open this within {FIRST_HOURS} hours to make the first "
        f"account:\n  {_root(settings, host, port)}/welcome/{token}",
        flush=True,
    )
    return True


def _tell_link(settings: Settings, login: str, token: str) -> None:
    from listening.store.access.links import LINK_HOURS

    print(plain(f"{login}: this link sets the password, once, within {LINK_HOURS} hours:"))
    print(f"  {_root(settings)}/welcome/{token}")
    _tell_port(settings)


def _tell_port(settings: Settings) -> None:
    """Another process serves the pages; what it was told by --port is not known here."""
    if not settings.public_url:
        print(
            f"  (of pages on port {settings.web_port}; where they are served on another, by "
            "--port, set LISTENING_WEB_PORT to it.)"
        )


def _root(settings: Settings, host: str | None = None, port: int | None = None) -> str:
    """Where people reach the pages; a server on every address is reached by this machine's."""
    if settings.public_url:
        return settings.shown_url
    host = host or settings.web_host
    shown = "localhost" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  compared alone
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port or settings.web_port}"


def _role(name: str | None) -> Role | None:
    from listening.access import Role
    from listening.errors import InvalidError

    if name is None:
        return None
    if name not in set(Role):
        raise InvalidError(f"{name!r} is no role: viewer, support, brand or admin.", field="role")
    return Role(name)


def _brand_roles(session: Session, given: list[str]) -> dict[int, Role]:
    from listening.errors import InvalidError
    from listening.store.brands.brands import brand_id, get_brand

    found: dict[int, Role] = {}
    for one in given:
        brand, _, name = one.rpartition("=")
        role = _role(name)
        if not brand or role is None:
            raise InvalidError(
                f'{one!r}: write "BRAND=ROLE", such as "JetBlue=support".', field="brand_role"
            )
        found[brand_id(get_brand(session, brand))] = role
    return found
