"""From frames of products to frames of validated listings, and what a person should read about them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.etsy.shop_reader import ShopReader
from etsy_pipeline.listings.catalogue_checks import Seen
from etsy_pipeline.listings.codec import to_json
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.frames import records


@dataclass(slots=True)
class Validation:
    """Validates frame by frame; counts what it saw."""

    settings: ShopSettings
    seen: Seen = field(default_factory=Seen)
    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    invalid: list[ValidatedListing] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def frame(self, frame: pd.DataFrame, reader: ShopReader) -> pd.DataFrame:
        """One frame of the snapshot."""
        rows = records(frame)
        products = {
            row["product_id"]: Product.model_validate_json(row["product"]) for row in rows if not row["problem_code"]
        }
        categories = (taxonomy_id(product, self.settings, None)[0] for product in products.values())
        shop = reader.shop(category for category in categories if category is not None)
        listings = []
        for row in rows:
            product = products.get(row["product_id"])
            if product is None:
                listings.append(_unusable(row))
            else:
                listings.append(validate(product, self.settings, shop, also=self.seen.judge(product)))
        return pd.DataFrame(
            [self._row(listing, row["covers_selection"]) for listing, row in zip(listings, rows, strict=True)]
        )

    def metadata(self) -> Mapping[str, Any]:
        """Counts, what is invalid, and which rules spoke how often."""
        return {
            **{f"{name}_count": self.counts[name] for name in ("valid", "invalid", "absent", "warnings")},
            "rules": shown.table(("rule", "products"), self.rules.most_common()),
            "invalid_products": shown.invalid_table(self.invalid, total=self.counts["invalid"]),
            "not_checked": "; ".join(self.troubles) or "–",
        }

    def _row(self, listing: ValidatedListing, covers_selection: bool) -> dict[str, Any]:  # noqa: FBT001 - a column
        verdict = "invalid" if listing.errors else "absent" if listing.absent_because else "valid"
        self.counts[verdict] += 1
        self.counts["warnings"] += len(listing.warnings)
        self.rules.update({item.code for item in listing.verdicts})
        if verdict == "invalid" and len(self.invalid) < shown.ROWS_SHOWN:
            self.invalid.append(listing)
        return {
            "product_id": listing.product_id,
            "title": listing.product_title,
            "verdict": verdict,
            "codes": ",".join(item.code for item in listing.verdicts),
            "messages": "; ".join(item.message for item in listing.verdicts) or listing.absent_because,
            "price": str(listing.listing.price) if listing.listing else "",
            "quantity": listing.listing.quantity if listing.listing else 0,
            "validated": to_json(listing),
            "covers_selection": covers_selection,
        }


def _unusable(row: Mapping[str, Any]) -> ValidatedListing:
    hint = "Check the product in Medusa." if row["problem_code"] != "product_unknown" else "Check the product id."
    verdict = Verdict(row["problem_code"], "error", "product", row["problem"], hint)
    return ValidatedListing(row["product_id"], row["title"], None, (verdict,))
