"""The pages of an export that people read."""

from collections.abc import Sequence

from app import dossier
from app.audit.accounts import Account
from app.auth import Role
from app.directory import Link, Sender
from app.dossier import register
from app.registry import Registry


def report_of(
    sender: Sender, account: Account, figures: dossier.Figures, size: int, root: str
) -> tuple[bytes, dossier.Job]:
    """Return rapport.html, and what rapport.pdf is typeset from."""
    figures.outages = list(account.outages)
    about = dossier.About(
        sender.name,
        size,
        root,
        account.made_at,
        account.scope.start,
        account.scope.end,
        callers={grant.key_id: f"{grant.label} ({grant.role})" for grant in account.grants},
        connections={link.connection.slug: link.connection.provider for link in account.links},
    )
    documents = dossier.documents(figures, about)
    job = dossier.job(dossier.asset("rapport.typ"), documents, sender.name, account.made_at)
    return dossier.html(documents, sender.name), job


def register_of(registry: Registry, sender: Sender, account: Account) -> register.Configuration:
    """Return what the article 30 record is made from."""
    profile, settings = sender.profile, registry.settings
    return register.Configuration(
        sender=sender.name,
        controller=profile.controller,
        dpo=profile.dpo,
        registry=registry.origin,
        processor=profile.processor,
        made_at=account.made_at,
        vendors=_vendors(account),
        routes=[_route(link) for link in account.links],
        review_days=settings.review_days,
        quarantine_days=settings.quarantine_days,
        journal_days=settings.journal_days,
        contact_days=settings.contact_days,
        lookback_hours=settings.lookback_hours,
    )


def _route(link: Link) -> register.Route:
    connection, declared = link.connection, link.declared
    return register.Route(
        connection.slug, connection.provider, link.codes, declared.route_class, declared.contract, declared.countries
    )


def _vendors(account: Account) -> Sequence[register.Vendor]:
    return [
        register.Vendor(grant.key_id, grant.label, grant.created_at, grant.revoked_at or grant.expires_at)
        for grant in account.grants
        if grant.role == Role.DELEGATE
    ]
