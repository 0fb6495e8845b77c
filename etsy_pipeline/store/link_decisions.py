"""What people decided on products and listings: an append-only log, and what it means for the next plan."""

from collections.abc import Iterable
from dataclasses import fields
from typing import cast

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.records import LONG_AGO, LinkDecision, LinkDecisionKind
from etsy_pipeline.store.tables.listings import LinkDecisionRow


def add(session: Session, *decisions: LinkDecision) -> None:
    """Append decisions, in their order; one without a moment is of now."""
    now = clock.now(session)
    rows = [
        {field.name: getattr(decision, field.name) for field in fields(LinkDecision)}
        | {"evidence": [dict(item) for item in decision.evidence]}
        | {"created_at": now if decision.created_at == LONG_AGO else decision.created_at}
        for decision in decisions
    ]
    if rows:
        session.execute(insert(LinkDecisionRow), rows)


def log(
    session: Session,
    account_id: str,
    *,
    product_id: str | None = None,
    listing_id: int | None = None,
    first: int = 0,
    most: int = 100,
) -> tuple[list[LinkDecision], int]:
    """Some of an account's decisions, the last first, and how many there are."""
    query = select(LinkDecisionRow).where(LinkDecisionRow.etsy_account_id == account_id)
    if product_id is not None:
        query = query.where(LinkDecisionRow.product_id == product_id)
    if listing_id is not None:
        query = query.where(LinkDecisionRow.listing_id == listing_id)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(LinkDecisionRow.id.desc()).offset(first).limit(most))
    return [_decision(row) for row in rows], total


def listing_ids(session: Session, account_id: str) -> set[int]:
    """The listings that a person has decided on."""
    query = select(LinkDecisionRow.listing_id).where(LinkDecisionRow.etsy_account_id == account_id)
    return {found for found in session.scalars(query) if found is not None}


def create_anyway_pairs(session: Session, account_id: str) -> set[tuple[str, int]]:
    """The pairs of which the last decision says that they are not one and the same: (product id, listing id)."""
    return _decided_last(session, account_id, "create_anyway")


def detached_pairs(session: Session, account_id: str) -> set[tuple[str, int]]:
    """The pairs that were linked until somebody detached them, and of which nothing was decided since."""
    return _decided_last(session, account_id, "detached")


def _decided_last(session: Session, account_id: str, decision: LinkDecisionKind) -> set[tuple[str, int]]:
    of_pair = LinkDecisionRow.product_id.is_not(None), LinkDecisionRow.listing_id.is_not(None)
    last = (
        select(func.max(LinkDecisionRow.id))
        .where(LinkDecisionRow.etsy_account_id == account_id, *of_pair)
        .group_by(LinkDecisionRow.product_id, LinkDecisionRow.listing_id)
    )
    query = select(LinkDecisionRow.product_id, LinkDecisionRow.listing_id)
    query = query.where(LinkDecisionRow.id.in_(last), LinkDecisionRow.decision == decision)
    return {
        (str(product_id), int(listing_id))
        for product_id, listing_id in cast(Iterable[tuple[str, int]], session.execute(query))
    }


def _decision(row: LinkDecisionRow) -> LinkDecision:
    values = {field.name: getattr(row, field.name) for field in fields(LinkDecision)}
    values |= {"decision": cast(LinkDecisionKind, row.decision), "evidence": tuple(row.evidence)}
    return LinkDecision(**values)
