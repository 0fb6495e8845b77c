"""Fetching videos and files: as safely as pictures, with Medusa's key for Medusa alone, and no address in any word."""

import hashlib
import logging
from collections.abc import Iterator

import pytest

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.pictures.hosts import PictureHosts
from etsy_pipeline.pictures.media import MediaSource, OwnServer
from etsy_pipeline_tests.pictures.picture_server import PictureServer, a_server, answer, endless, redirect

KEY = "sk_of_medusa"


@pytest.fixture
def medusa() -> Iterator[PictureServer]:
    with a_server() as running:
        yield running


@pytest.fixture
def other() -> Iterator[PictureServer]:
    with a_server() as running:
        yield running


def source(medusa: PictureServer, *others: PictureServer) -> MediaSource:
    hosts = PictureHosts.trusting(f"127.0.0.1:{server.port}" for server in (medusa, *others))
    return MediaSource(hosts, OwnServer(medusa.url, KEY), first_wait_seconds=0.001)


def told(media: MediaSource, url: str) -> tuple[str, str]:
    with pytest.raises(PipelineError) as caught:
        media.file(url, "pattern.pdf")
    return caught.value.code, str(caught.value)


def test_a_file_comes_as_it_is_with_its_fingerprint(medusa: PictureServer) -> None:
    found = source(medusa).file(medusa.serve("/pattern.pdf", answer(body=b"cut here")), "pattern.pdf")
    assert found.content == b"cut here"
    assert found.sha256 == hashlib.sha256(b"cut here").hexdigest()


def test_medusas_key_goes_to_medusa_and_to_nobody_else(medusa: PictureServer, other: PictureServer) -> None:
    there = other.serve("/pattern.pdf", answer(body=b"cut here"))
    source(medusa, other).file(medusa.serve("/moved.pdf", redirect(there)), "pattern.pdf")
    assert "authorization" in medusa.headers[0]
    assert "authorization" not in other.headers[0]


def test_a_video_is_fetched_without_the_key(medusa: PictureServer) -> None:
    source(medusa).video(medusa.serve("/turning.mp4", answer(body=b"a mug turns")))
    assert "authorization" not in medusa.headers[0]


@pytest.mark.parametrize(
    ("path", "code"),
    [("/nothing?signature=abc", "media_not_fetched"), ("/empty?signature=abc", "media_not_fetched"),
     ("/broken?signature=abc", "media_server_unavailable")],
)  # fmt: skip
def test_what_goes_wrong_is_told_by_name(
    medusa: PictureServer, caplog: pytest.LogCaptureFixture, path: str, code: str
) -> None:
    caplog.set_level(logging.INFO)
    medusa.serve("/empty?signature=abc", answer())
    medusa.serve("/broken?signature=abc", answer(500))
    found, words = told(source(medusa), medusa.url + path)
    assert found == code
    assert "'pattern.pdf'" in words
    for secret in ("signature", str(medusa.port), path.partition("?")[0].strip("/") + "?", KEY):
        assert secret not in words + caplog.text


def test_a_host_that_is_not_allowed_is_told_without_its_name(medusa: PictureServer, other: PictureServer) -> None:
    code, words = told(source(medusa), f"{other.url}/pattern.pdf")
    assert code == "media_not_fetched"
    assert "ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS" in words
    assert str(other.port) not in words


def test_an_endless_file_ends_at_its_bound(medusa: PictureServer) -> None:
    code, words = told(source(medusa), medusa.serve("/endless", endless(b"HTTP/1.1 200 OK\r\n\r\n")))
    assert (code, "larger than 20 MB" in words) == ("media_not_fetched", True)


def test_the_key_is_in_no_representation(medusa: PictureServer) -> None:
    assert KEY not in repr(OwnServer(medusa.url, KEY))


PAGE = b"\xef\xbb\xbf \n<!DOCTYPE html><title>Sign in</title>"


def test_a_web_page_in_the_place_of_the_goods_is_sent_to_nobody(medusa: PictureServer) -> None:
    url = medusa.serve("/pattern.pdf", answer(body=PAGE))
    code, words = told(source(medusa), url)
    assert code == "media_not_fetched"
    assert words.startswith("The file 'pattern.pdf' cannot be fetched: its server answers with a web page. ")
    with pytest.raises(PipelineError, match="its server answers with a web page"):
        source(medusa).video(url)


def test_a_web_page_that_is_sold_as_one_is_a_file(medusa: PictureServer) -> None:
    found = source(medusa).file(medusa.serve("/game.html", answer(body=PAGE)), "game.HTML")
    assert found.content == PAGE
