"""What Etsy takes is left alone, everything else becomes a JPEG (FACTS §8)."""

import contextlib
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from etsy_pipeline.errors import Refused
from etsy_pipeline.pictures.conversion import MAX_BYTES_SENT, Picture, acceptable

URL = "https://cdn.example.com/mug.png"
Color = tuple[int, int, int]
WHITE, TEAL, RED = (255, 255, 255), (0, 128, 128), (255, 0, 0)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(mode: str = "RGB", size: tuple[int, int] = (60, 40), color: Any = TEAL) -> Image.Image:
    return Image.new("RGB", size, color).convert(mode)


def jpeg(content: bytes) -> Image.Image:
    """The JPEG that is made of it."""
    made = acceptable(content, URL)
    assert made.filename.endswith(".jpg")
    image = Image.open(io.BytesIO(made.content))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    image.load()
    return image


def color_at(image: Image.Image, x: int = 5, y: int = 5) -> Color:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def alike(one: Color, two: Color) -> bool:
    return all(abs(a - b) <= 12 for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (encoded(plain(), "JPEG"), ".jpg"),
        (encoded(plain("L"), "JPEG"), ".jpg"),
        (encoded(plain(), "PNG"), ".png"),
        (encoded(plain("P"), "PNG"), ".png"),
        (encoded(plain("P"), "GIF"), ".gif"),
        (encoded(plain(size=(3000, 3000)), "PNG"), ".png"),
    ],
    ids=["JPEG", "grey JPEG", "PNG", "PNG with palette", "GIF", "as large as Etsy shows"],
)
def test_what_etsy_takes_is_left_alone(content: bytes, suffix: str) -> None:
    made = acceptable(content, URL)
    assert (made.content, made.filename) == (content, made.source_sha256[:16] + suffix)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "BMP", "TIFF"])
def test_what_etsy_does_not_take_becomes_a_jpeg(kind: str) -> None:
    image = jpeg(encoded(plain(), kind))
    assert image.size == (60, 40)
    assert alike(color_at(image), TEAL)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 2000), (3000, 1500)), ((2000, 6000), (1000, 3000)), ((3001, 1), (3000, 1))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_larger_than_etsy_shows_is_made_smaller(
    kind: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert jpeg(encoded(plain(size=size), kind)).size == expected


def test_a_file_of_too_many_bytes_is_made_small_enough() -> None:
    content = encoded(Image.effect_noise((2900, 2900), 100).convert("RGB"), "PNG", compress_level=0)
    assert len(content) > MAX_BYTES_SENT
    made = acceptable(content, URL)
    assert len(made.content) <= MAX_BYTES_SENT
    assert jpeg(content).size == (2900, 2900)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "size", "where"), [(3, (60, 40), (55, 20)), (6, (40, 60), (20, 5)), (8, (40, 60), (20, 55))]
)
def test_a_picture_is_turned_upright(
    kind: str, orientation: int, size: tuple[int, int], where: tuple[int, int]
) -> None:
    """A camera notes how it was held; the left side, red here, ends up where it was seen."""
    image = plain()
    image.paste(RED, (0, 0, 15, 40))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    made = jpeg(encoded(image, kind, exif=exif))
    assert made.size == size
    assert alike(color_at(made, *where), RED)
    assert ExifTags.Base.Orientation not in made.getexif()


def test_where_a_picture_was_taken_is_not_told_on() -> None:
    """Of pictures that are converted: the others go as they are."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Artist] = "Ada"
    assert dict(jpeg(encoded(plain(), "JPEG", exif=exif)).getexif()) == {}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_shown_on_white(kind: str, mode: str) -> None:
    image = plain("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 30, 40))
    made = jpeg(encoded(image.convert(mode), kind))
    assert alike(color_at(made), WHITE)
    assert not alike(color_at(made, 50, 20), WHITE)


def test_a_palettes_transparency_is_shown_on_white() -> None:
    image = plain("P", color=RED)
    index = image.getpixel((0, 0))
    for kind in ("PNG", "GIF"):
        assert alike(color_at(jpeg(encoded(image, kind, transparency=index))), WHITE)


def test_cmyk_becomes_rgb() -> None:
    content = encoded(plain("CMYK"), "JPEG")
    assert Image.open(io.BytesIO(content)).mode == "CMYK"
    assert alike(color_at(jpeg(content)), TEAL)
    assert alike(color_at(jpeg(encoded(plain("CMYK"), "TIFF"))), TEAL)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_keep_their_shades(kind: str) -> None:
    """Pillow's own conversion cuts off all above 255, which is nearly everything."""
    image = Image.new("I;16", (60, 40), 0x8000)
    assert alike(color_at(jpeg(encoded(image, kind))), (128, 128, 128))


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_becomes_a_jpeg(mode: str) -> None:
    assert alike(color_at(jpeg(encoded(plain(mode, color=WHITE), "TIFF"))), WHITE)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [plain(color=color) for color in (RED, TEAL, WHITE)]
    content = encoded(
        frames[0], kind, save_all=True, append_images=frames[1:], **({} if kind == "TIFF" else {"duration": 100})
    )
    assert alike(color_at(jpeg(content)), RED)


def test_of_a_phones_two_pictures_in_one_file_the_first_is_taken() -> None:
    """MPO: begins like a JPEG."""
    content = encoded(plain(color=RED), "MPO", save_all=True, append_images=[plain()])
    assert Image.open(io.BytesIO(content)).format == "MPO"
    assert alike(color_at(jpeg(content)), RED)


def test_a_colour_profile_is_kept() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = jpeg(encoded(plain(size=(4000, 10)), "PNG", icc_profile=profile))
    assert made.info["icc_profile"] == profile


def test_the_hash_is_of_the_bytes_as_fetched() -> None:
    """So that another setting of ours never looks like another picture."""
    one, two = acceptable(encoded(plain(), "BMP"), URL), acceptable(encoded(plain(), "PNG"), URL)
    assert one.source_sha256 != two.source_sha256


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>Not found</html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        encoded(plain(), "PCX"), encoded(plain(), "ICO"), encoded(plain(), "JPEG2000"),
    ],
    ids=["empty", "html", "svg", "eps", "pcx", "ico", "jpeg2000"],
)  # fmt: skip
def test_what_is_no_picture_that_shops_have_is_refused(content: bytes) -> None:
    """Fewer decoders, fewer holes; EPS would even start another program."""
    with pytest.raises(Refused) as caught:
        acceptable(content, URL)
    assert caught.value.code == "image_unreadable"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_a_picture_that_is_cut_off_is_refused(kind: str) -> None:
    content = encoded(Image.effect_noise((200, 200), 90).convert("RGB"), kind)
    with pytest.raises(Refused) as caught:
        acceptable(content[: len(content) // 2], URL)
    assert caught.value.code == "image_unreadable"


SAMPLES = [encoded(plain(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")]


@settings(max_examples=150, deadline=None)
@given(
    content=st.sampled_from(SAMPLES),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_broken_bytes_are_a_picture_or_a_refusal_and_nothing_else(
    content: bytes, changes: list[tuple[int, int]]
) -> None:
    broken = bytearray(content)
    for place, value in changes:
        broken[place % len(broken)] = value
    with contextlib.suppress(Refused):
        assert isinstance(acceptable(bytes(broken), URL), Picture)
