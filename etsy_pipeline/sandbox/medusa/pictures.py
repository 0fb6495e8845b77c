"""Pictures of the sample products: drawn when first asked for, always the same for the same name."""

import colorsys
import io
import random
import re
from functools import lru_cache

from PIL import Image, ImageDraw

SIZE = (1200, 900)


@lru_cache(maxsize=128)
def picture(name: str) -> tuple[bytes, str] | None:
    """(content, media type) of a picture; None where there is none, as some products have dead ones."""
    if name == "not-an-image.jpg":
        return b"this is text, whatever its name says", "image/jpeg"
    if name == "transparent.png":
        return _encoded(Image.new("RGBA", (1000, 1000), (200, 80, 80, 90)), "PNG"), "image/png"
    if name == "tiny-20px.jpg":
        return _encoded(Image.new("RGB", (20, 20), "teal"), "JPEG"), "image/jpeg"
    if re.fullmatch(r"\d{3}\.jpg|local-upload\.jpg", name):
        return _encoded(_drawn(name), "JPEG"), "image/jpeg"
    return None


def _drawn(name: str) -> Image.Image:
    dice = random.Random(name)  # noqa: S311 - a picture, no secret
    hue = dice.random()
    image = Image.new("RGB", SIZE, _color(hue, 0.12, 0.97))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 640, SIZE[0], SIZE[1]), fill=_color(hue, 0.2, 0.85))
    for number in range(dice.randint(1, 3)):
        left, width, height = 180 + number * 300, dice.randint(180, 260), dice.randint(260, 460)
        box = (left, 720 - height, left + width, 720)
        color = _color((hue + 0.4 + number * 0.07) % 1, 0.55, 0.75)
        draw.ellipse((left - 20, 690, left + width + 20, 750), fill=_color(hue, 0.25, 0.7))
        if dice.random() < 0.5:  # noqa: PLR2004 - a coin
            draw.rounded_rectangle(box, radius=60, fill=color)
        else:
            draw.ellipse(box, fill=color)
    return image


def _color(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = (int(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 85} if kind == "JPEG" else {}))
    return buffer.getvalue()
