"""Translations of one listing, after its last PATCH: a new title or description spoils those that it has (#324).

What is meant is what was there before, the seller's own among it, with ours in its place where the plan sends them. So
nothing that a seller wrote is lost, and where a change leaves them alone nothing is sent; the batched look back tells
(LISTING_EXTRAS §5).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Translation
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning import rollback
from etsy_pipeline.planning.fields import same
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.sending import is_patched, sent_fields, sent_parts
from etsy_pipeline.providers.errors import RemoteRefused
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.publishing.attempt import Attempt
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal

TEXTS = frozenset({"title", "description"})
OWN_LANGUAGE, BROKEN = "etsy_primary_language", "etsy_translation_broken"  # codes of refusals
LEFT_OUT = "translation_left_out"  # code of the warning that the plan's item gets


@dataclass(frozen=True, slots=True)
class TranslationPublisher:
    """Puts the translations of single listings.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        journal: of the job.
        attempt: how a listing is asked that may be new.
    """

    client: ShopClient
    shop_id: int
    journal: Journal
    attempt: Attempt

    def put(self, work: ItemInProgress, listing_id: int) -> None:
        """Send those that are new or that the last PATCH spoils; all, where a look back found one spoilt."""
        there, ours = _before(work), _ours(work)
        is_spoilt = work.seen is not None or _spoils(work)
        for language, translation in meant(work).items():
            if is_spoilt or not _same(there.get(language), translation):
                self._put(work, listing_id, translation, is_there=language in there, is_ours=language in ours)

    def repair(self, work: ItemInProgress, listing_id: int) -> bool:
        """Send ours, where one that lacks a description keeps Etsy from changing the listing; whether there were any.

        The last PATCH may spoil them again, so they are sent once more after it.
        """
        there, ours = _before(work), _ours(work)
        for language, translation in ours.items():
            self._put(work, listing_id, translation, is_there=language in there, is_ours=True)
        return bool(ours)

    def _put(
        self, work: ItemInProgress, listing_id: int, translation: Translation, *, is_there: bool, is_ours: bool
    ) -> None:
        self.journal.begin(work, f"translation {translation.language}")
        try:
            self.attempt(
                work,
                lambda: self.client.put_translation(self.shop_id, listing_id, translation, is_there=is_there),
            )
        except RemoteRefused as error:
            if error.code == OWN_LANGUAGE:
                self.journal.leave_out(work, [_left_out(translation.language, error)])
            elif is_ours:
                raise
            else:
                raise _not_put_back(translation.language, listing_id, error) from error


def meant(work: ItemInProgress) -> dict[str, Translation]:
    """The translations that the listing is to have in the end, by language."""
    complete = {language: item for language, item in _before(work).items() if item.title and item.description}
    left_out = {item.field.rpartition(".")[2] for item in work.verdicts if item.code == LEFT_OUT}
    return {language: item for language, item in (complete | _ours(work)).items() if language not in left_out}


def missing(work: ItemInProgress, live: LiveListing) -> list[str]:
    """The translations that Etsy does not have as they were meant, after something was sent that could spoil them."""
    plan = work.plan
    is_touched = plan.action == "deactivate" or is_patched(plan) or "translations" in sent_parts(plan)
    if not is_touched or live.translations is None:
        return []
    there = {item.language: item for item in live.translations}
    return [f"translations.{name}" for name, item in meant(work).items() if not _same(there.get(name), item)]


def _ours(work: ItemInProgress) -> dict[str, Translation]:
    """Those that the plan sends."""
    plan = work.plan
    sent = plan.desired.translations if plan.desired and "translations" in sent_parts(plan) else ()
    return {item.language: item for item in sent}


def _before(work: ItemInProgress) -> Mapping[str, Translation]:
    """Those that Etsy had before anything was sent; kept with the first intent."""
    if work.item.before is not None:
        found = rollback.from_json(work.item.before).translations
    else:
        found = (work.found.translations if work.found else None) or ()
    return {item.language: item for item in found}


def _spoils(work: ItemInProgress) -> bool:
    return work.plan.action == "update" and is_patched(work.plan) and bool(TEXTS & sent_fields(work.plan))


def _same(there: Translation | None, wanted: Translation) -> bool:
    """Whether it says what was meant; tags count where some are meant."""
    if there is None or there.title.split() != wanted.title.split():
        return False
    has_tags = not wanted.tags or same("tags", there.tags, wanted.tags)
    return has_tags and there.description.split() == wanted.description.split()


def _left_out(language: str, error: RemoteRefused) -> Verdict:
    return Verdict(
        LEFT_OUT,
        "warning",
        f"translations.{language}",
        f"The translation into {language} was left out: it is the shop's own language ({error.message})",
        f"Remove etsy_title_{language} and the like from the product's metadata.",
    )


def _not_put_back(language: str, listing_id: int, error: RemoteRefused) -> Refused:
    return Refused(
        f"The {language} translation of listing {listing_id}, which its seller wrote, could not be put back after the "
        f"new text: {error.message}",
        code="translation_not_put_back",
        hint="Write it again in Shop Manager; what it was is kept with the sync's item (column `before`).",
    )
