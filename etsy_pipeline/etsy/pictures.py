"""Pictures on their way from the shop to Etsy: fetched with limits, checked, made acceptable (FACTS §8)."""

import hashlib
import io
from dataclasses import dataclass, field

import httpx
import stamina
from PIL import Image, ImageOps, UnidentifiedImageError

from etsy_pipeline.errors import Refused, Unavailable

MOST_BYTES_FETCHED = 40 * 1024 * 1024
MOST_BYTES_SENT = 10 * 1024 * 1024  # FACTS §8: sources disagree (10 or 20 MB); the smaller one is safe
LONGEST_SIDE = 3000  # pixels; Etsy serves no more
MOST_PIXELS = 100_000_000
JPEG_QUALITY = 90
ACCEPTED = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif"}
TIMEOUT = httpx.Timeout(20.0, connect=10.0)  # seconds
HINT = "Replace the picture in Medusa, then sync again."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that Etsy accepts. `source_sha256` is of the bytes as fetched: what changed is told by content."""

    content: bytes = field(repr=False)
    filename: str
    source_sha256: str


class PictureSource:
    """Fetches pictures over HTTP."""

    def __init__(self, client: httpx.Client | None = None, *, first_wait_seconds: float = 0.5) -> None:
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=True, max_redirects=5)
        self._first_wait_seconds = first_wait_seconds

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def fetch(self, url: str) -> Picture:
        """Fetch a picture and make it acceptable to Etsy.

        Raises:
            Refused: `image_missing`, `image_too_large`, `image_unreadable`, `image_url_malformed`.
            Unavailable: `image_server_unavailable`.
        """
        retry = stamina.retry_context(
            on=Unavailable, attempts=3, timeout=None, wait_initial=self._first_wait_seconds, wait_max=5.0
        )
        for attempt in retry:
            with attempt:
                content = self._download(url)
        return acceptable(content, url)

    def _download(self, url: str) -> bytes:
        try:
            with self._client.stream("GET", url) as response:
                if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    raise _unavailable(url, f"answered {response.status_code}")
                if not response.is_success:
                    raise Refused(f"{url} answered {response.status_code}.", code="image_missing", hint=HINT)
                return _read(response, url)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise Refused(f"{url!r} is no http or https address.", code="image_url_malformed", hint=HINT) from None
        except httpx.HTTPError as error:
            raise _unavailable(url, f"gave no answer ({type(error).__name__})") from None


def acceptable(content: bytes, url: str) -> Picture:
    """Check a picture, and turn it into a JPEG of Etsy's size where it is not one that Etsy takes."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused(
                    f"{url} has {image.width} × {image.height} pixels; at most {MOST_PIXELS:,} are read.",
                    code="image_too_large",
                    hint=HINT,
                )
            suffix = ACCEPTED.get(image.format or "")
            image.load()
            if suffix is None or len(content) > MOST_BYTES_SENT:
                content, suffix = _as_jpeg(image), ".jpg"
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Refused(f"{url} is not a picture that can be read.", code="image_unreadable", hint=HINT) from None
    return Picture(content, f"{digest[:16]}{suffix}", digest)


def _as_jpeg(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"RGBA", "LA", "P", "PA"}:  # JPEG knows no transparency: show it on white
        layered = upright.convert("RGBA")
        upright = Image.new("RGB", layered.size, "white")
        upright.paste(layered, mask=layered.getchannel("A"))
    picture = upright.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _read(response: httpx.Response, url: str) -> bytes:
    buffer = bytearray()
    for chunk in response.iter_bytes():
        buffer += chunk
        if len(buffer) > MOST_BYTES_FETCHED:
            megabytes = MOST_BYTES_FETCHED // 1024**2
            raise Refused(f"{url} is larger than {megabytes} MB.", code="image_too_large", hint=HINT)
    return bytes(buffer)


def _unavailable(url: str, what: str) -> Unavailable:
    hint = "Check that the server of the pictures is up, then sync again."
    return Unavailable(f"{url} {what}.", code="image_server_unavailable", hint=hint)
