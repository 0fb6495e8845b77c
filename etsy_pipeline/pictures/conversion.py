"""Making a picture acceptable to Etsy (FACTS §8): left alone where it is, else turned into a JPEG.

What a picture claims to be is judged from its first bytes, before anything is decoded: a tiny file can unfold into
gigabytes. Only decoders of pictures that shops really have are let at it. However many threads there are, so many
pixels are decoded at one time (`memory.py`); each is in memory once, for whatever is done to a picture is done to a
smaller one, or strip by strip.
"""

import hashlib
import io
from dataclasses import dataclass, field

from PIL import ExifTags, Image

from etsy_pipeline.errors import Refused
from etsy_pipeline.pictures.download import HINT, shown
from etsy_pipeline.pictures.memory import PixelRoom

MAX_BYTES_SENT = 10 * 1024 * 1024  # FACTS §8: sources disagree (10 or 20 MB); the smaller one is safe
LONGEST_SIDE = 3000  # pixels; Etsy serves no more
MAX_PIXELS = 80_000_000  # a large camera's; decoded, some 320 MB, and no more than that of all pictures together
QUALITIES = (90, 80, 65, 50)  # of a JPEG; the first that is small enough
ACCEPTED = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif"}
DECODERS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
UPRIGHT = 1  # EXIF's orientation
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
AS_THEY_ARE = {"RGB", "L", "P"}
PIXELS_OF_A_STRIP = 1_000_000

_ROOM = PixelRoom(MAX_PIXELS)

# The C library keeps freed blocks of up to 32 MB for the thread that had them; Pillow's have 16 MB, unless told.
Image.core.set_block_size(64 * 1024 * 1024)  # type: ignore[attr-defined] # as PILLOW_BLOCK_SIZE does


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
    is_left_alone = suffix is not None and len(content) <= MAX_BYTES_SENT and _is_plain(image)
    size = (1, 1) if is_left_alone else (LONGEST_SIDE, LONGEST_SIDE)
    image.draft(None, size)  # decoded all the same, at the least cost: what is cut off shows here
    with _ROOM.taken(image.width * image.height):
        image.load()
        return (content, suffix) if suffix is not None and is_left_alone else (_as_jpeg(image), ".jpg")


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
    profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, UPRIGHT))
    picture = image if image.mode in {"RGB", "L"} and not image.has_transparency_data else _flat(image)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    picture = (picture if turn is None else picture.transpose(turn)).convert("RGB")
    buffer = io.BytesIO()
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, icc_profile=profile)
        if buffer.tell() <= MAX_BYTES_SENT:
            break
    return buffer.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """The picture in RGB on white; a very large one comes out smaller, but not as small as Etsy's."""
    factor = max(1, max(image.size) // LONGEST_SIDE)
    rows = factor * max(1, PIXELS_OF_A_STRIP // image.width // factor)
    flat = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        flat.paste(_in_rgb(strip).reduce(factor), (0, top // factor))
    return flat


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
