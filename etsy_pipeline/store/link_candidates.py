"""Products and listings that may be the same thing, as the last plan found them; a person decides."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, cast

from msgspec import convert, to_builtins
from sqlalchemy import case, delete, func, insert, select
from sqlalchemy.orm import Session

from etsy_pipeline.linking.candidates import Candidate, Kind
from etsy_pipeline.linking.evidence import Evidence
from etsy_pipeline.listings.identity import ProductIdentity
from etsy_pipeline.store.tables.listings import LinkCandidateRow

AT_ONCE = 500  # SQLite takes some thousand values in one query

_SUREST_FIRST = case({"certain": 0, "likely": 1}, value=LinkCandidateRow.kind, else_=2)


def replace(
    session: Session,
    account_id: str,
    product_ids: Collection[str] | None,
    candidates: Iterable[Candidate],
    now: datetime,
) -> None:
    """Write what a plan found, in place of what an earlier one had found of the same products.

    Args:
        session: a writing one.
        account_id: whose.
        product_ids: the products that the plan is of; None: all of the account's.
        candidates: what it found.
        now: when.
    """
    old = delete(LinkCandidateRow).where(LinkCandidateRow.etsy_account_id == account_id)
    if product_ids is None:
        session.execute(old)
    else:
        ids = iter(product_ids)
        while part := list(islice(ids, AT_ONCE)):
            session.execute(old.where(LinkCandidateRow.product_id.in_(part)))
    rows = (_row(account_id, candidate, now) for candidate in candidates)
    while some := list(islice(rows, AT_ONCE)):
        session.execute(insert(LinkCandidateRow), some)


def of_account(
    session: Session, account_id: str, kind: str | None = None, first: int = 0, most: int | None = None
) -> list[Candidate]:
    """Some of an account's candidates, the surest first; only those of a class, where one is given."""
    query = select(LinkCandidateRow).where(LinkCandidateRow.etsy_account_id == account_id)
    query = query.where(LinkCandidateRow.kind == kind) if kind else query
    order = _SUREST_FIRST, LinkCandidateRow.product_id, LinkCandidateRow.listing_id
    return [_candidate(row) for row in session.scalars(query.order_by(*order).offset(first).limit(most))]


def counts(session: Session, account_id: str) -> dict[str, int]:
    """How many candidates an account has of each class."""
    query = select(LinkCandidateRow.kind, func.count()).where(LinkCandidateRow.etsy_account_id == account_id)
    return {str(kind): int(count) for kind, count in session.execute(query.group_by(LinkCandidateRow.kind))}


def of_products(session: Session, account_id: str, product_ids: Sequence[str]) -> dict[str, tuple[Candidate, ...]]:
    """The candidates of some products, by product, the surest first; none of a product that has none."""
    found: dict[str, tuple[Candidate, ...]] = {}
    for start in range(0, len(product_ids), AT_ONCE):
        query = select(LinkCandidateRow).where(
            LinkCandidateRow.etsy_account_id == account_id,
            LinkCandidateRow.product_id.in_(product_ids[start : start + AT_ONCE]),
        )
        for row in session.scalars(query.order_by(_SUREST_FIRST, LinkCandidateRow.listing_id)):
            found[row.product_id] = (*found.get(row.product_id, ()), _candidate(row))
    return found


def _row(account_id: str, candidate: Candidate, now: datetime) -> dict[str, Any]:
    return {
        "etsy_account_id": account_id,
        "product_id": candidate.product_id,
        "listing_id": candidate.listing_id,
        "product_title": candidate.product_title,
        "kind": candidate.kind,
        "evidence": to_builtins(candidate.evidence),
        "moved_from": candidate.moved_from,
        "product": to_builtins(candidate.identity),
        "found_at": now,
    }


def _candidate(row: LinkCandidateRow) -> Candidate:
    evidence: Sequence[Evidence] = convert(row.evidence, tuple[Evidence, ...])
    return Candidate(
        product_id=row.product_id,
        product_title=row.product_title,
        listing_id=row.listing_id,
        kind=cast(Kind, row.kind),
        evidence=tuple(evidence),
        moved_from=row.moved_from,
        identity=convert(row.product, ProductIdentity),
    )
