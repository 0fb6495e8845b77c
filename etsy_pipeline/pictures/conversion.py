"""Making a picture acceptable to Etsy (FACTS §8): left alone where it is, else turned into a JPEG.

What a picture claims to be is judged from its first bytes, before anything is decoded: a tiny file can unfold into
gigabytes. Only decoders of pictures that shops really have are let at it.
"""

import hashlib
import io
from dataclasses import dataclass, field

from PIL import ExifTags, Image, ImageOps

from etsy_pipeline.errors import Refused
from etsy_pipeline.pictures.download import HINT, shown

MAX_BYTES_SENT = 10 * 1024 * 1024  # FACTS §8: sources disagree (10 or 20 MB); the smaller one is safe
LONGEST_SIDE = 3000  # pixels; Etsy serves no more
MAX_PIXELS = 80_000_000  # a large camera's; decoded, some 240 MB
QUALITIES = (90, 80, 65, 50)  # of a JPEG; the first that is small enough
ACCEPTED = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif"}
DECODERS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
UPRIGHT = 1  # EXIF's orientation
AS_THEY_ARE = {"RGB", "L", "P"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that Etsy accepts. `source_sha256` is of the bytes as fetched: what changed is told by content."""

    content: bytes = field(repr=False)
    filename: str
    source_sha256: str


def acceptable(content: bytes, address: str) -> Picture:
    """Check a picture, and turn it into a JPEG where it is not one that Etsy takes.

    Raises:
        Refused: `image_too_large`, `image_unreadable`.
    """
    digest = hashlib.sha256(content).hexdigest()
    try:
        with Image.open(io.BytesIO(content), formats=DECODERS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(address, f"{image.width} × {image.height}")
            content, suffix = _made_acceptable(image, content)
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise _too_large(address, "far more") from None
    except Exception:  # noqa: BLE001 - a stranger's bytes: whatever a decoder trips over, the picture is at fault
        raise Refused(
            f"{shown(address)} is not a picture that can be read (JPEG, PNG, GIF, WebP, AVIF, BMP or TIFF).",
            code="image_unreadable",
            hint=HINT,
        ) from None
    return Picture(content, f"{digest[:16]}{suffix}", digest)


def _made_acceptable(image: Image.Image, content: bytes) -> tuple[bytes, str]:
    suffix = ACCEPTED.get(image.format or "")
    if suffix is None or len(content) > MAX_BYTES_SENT or not _is_plain(image):
        return _as_jpeg(image), ".jpg"
    image.draft(None, (1, 1))  # decoded all the same, at the least cost: what is cut off shows here
    image.load()
    return content, suffix


def _is_plain(image: Image.Image) -> bool:
    """Whether Etsy and every browser show it as it is meant."""
    return (
        max(image.size) <= LONGEST_SIDE
        and image.mode in AS_THEY_ARE
        and not image.has_transparency_data
        and not getattr(image, "is_animated", False)
        and image.getexif().get(ExifTags.Base.Orientation, UPRIGHT) == UPRIGHT
    )


def _as_jpeg(image: Image.Image) -> bytes:
    """The first frame, upright, on white, of Etsy's size."""
    image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    picture = _in_rgb(ImageOps.exif_transpose(image))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, icc_profile=profile)
        if buffer.tell() <= MAX_BYTES_SENT:
            break
    return buffer.getvalue()


def _in_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # sixteen bits of grey: Pillow would cut, not scale
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGB", layered.size, "white")
    white.paste(layered, mask=layered.getchannel("A"))
    return white


def _too_large(address: str, pixels: str) -> Refused:
    message = f"{shown(address)} has {pixels} pixels; at most {MAX_PIXELS:,} are read."
    return Refused(message, code="image_too_large", hint=HINT)
