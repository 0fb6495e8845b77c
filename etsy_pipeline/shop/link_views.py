"""Candidates, decisions and refusals as JSON; the HTTP API and the command line's `--json` give the same."""

from typing import Any

from msgspec import to_builtins

from etsy_pipeline.shop.candidates import Offered
from etsy_pipeline.shop.link_requests import Decided, Refusal
from etsy_pipeline.store.records import LinkDecision


def offer_view(offered: Offered) -> dict[str, Any]:
    """A candidate as JSON."""
    candidate, seen = offered.candidate, offered.listing
    return {
        "product_id": candidate.product_id,
        "product_title": candidate.product_title,
        "product_skus": list(candidate.identity.skus),
        "product_image_url": candidate.identity.image_url,
        "listing_id": candidate.listing_id,
        "listing_title": seen.title if seen else "",
        "listing_skus": list(seen.skus) if seen else [],
        "listing_state": seen.state if seen else "",
        "listing_url": seen.url if seen else "",
        "listing_image_url": seen.image_url if seen else "",
        "listing_price": f"{seen.price} {seen.currency_code}".strip() if seen else "",
        "kind": candidate.kind,
        "evidence": to_builtins(candidate.evidence),
        "moved_from": candidate.moved_from,
    }


def decision_view(decision: LinkDecision) -> dict[str, Any]:
    """What somebody decided."""
    return {
        "decision": decision.decision,
        "product_id": decision.product_id,
        "listing_id": decision.listing_id,
        "decided_by": decision.decided_by,
        "decided_through": decision.decided_through,
        "note": decision.note,
        "evidence": list(decision.evidence),
        "created_at": decision.created_at.isoformat(),
    }


def refusal_view(refusal: Refusal) -> dict[str, Any]:
    """What could not be decided, and why; `row` is where it stands in a file."""
    request, error = refusal.request, refusal.error
    return {
        "row": request.row or None,
        "product_id": request.product_id or None,
        "listing_id": request.listing_id,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
    }


def decided_view(decided: Decided) -> dict[str, Any]:
    """What became of several decisions."""
    return {"done": len(decided.done), "refused": [refusal_view(item) for item in decided.refused]}
