"""The docs' pictures, out of those that the browser tests take: chosen, and made small. `scripts/screenshots` runs it."""

import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 150_000
TALLEST = 1800  # pixels: what is below is more of the same
COLOURS = (256, 128, 64, 32)  # the most with which a picture is small enough
OF_DOCS: Mapping[str, str] = {
    "lineage": "lineage",
    "plan": "plan-summary",
    "plan-with-brakes": "plan-with-brakes",
    "approval": "approval",
    "published": "published",
    "review-plan": "review-plan-900-light",
    "review-waits": "review-waits-900-light",
    "review-preview": "review-preview-900-light",
    "review-decide": "review-decide-360-light",
    "review-results": "review-results-900-light",
    "shop": "review-shop-900-light",
    "setup-overview": "review-setup-overview-900-light",
    "setup-medusa": "review-setup-medusa-900-light",
    "setup-profiles": "review-setup-profiles-900-light",
    "setup-forecast": "review-setup-forecast-900-light",
}
"""The picture in the docs → the one that a test takes."""


def keep(taken: Path, folder: Path = FOLDER) -> list[Path]:
    """Put the docs' pictures into a folder, out of the one in which they were taken; where they are now."""
    return [_small(taken / f"{source}.png", folder / f"{name}.png") for name, source in OF_DOCS.items()]


def _small(source: Path, target: Path) -> Path:
    with Image.open(source) as taken:
        picture = taken.convert("RGB").crop((0, 0, taken.width, min(taken.height, TALLEST)))
    for colours in COLOURS:
        palette = picture.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        palette.save(target, optimize=True)
        if target.stat().st_size <= MOST_BYTES:
            return target
    raise ValueError(f"{target} has {target.stat().st_size:,} bytes; the docs take {MOST_BYTES:,}.")


if __name__ == "__main__":
    for path in keep(Path(sys.argv[1])):
        print(f"{path.relative_to(FOLDER.parents[1])}: {path.stat().st_size // 1000} kB")  # noqa: T201 - a script's answer
