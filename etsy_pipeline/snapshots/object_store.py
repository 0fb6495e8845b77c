"""Snapshots as objects in S3, or in what speaks like it (MinIO, Ceph, R2, …), through pyarrow's own client.

Who we are comes from the standard variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE)
or the machine's role; the address from `?endpoint=` in the setting, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, likewise
the region (AWS_REGION).

An object is there whole or not at all: it comes into being at the end of its upload. What a killed writer had uploaded
of a large one is seen by nobody; a rule of the bucket takes it away (AbortIncompleteMultipartUpload).

pyarrow: https://arrow.apache.org/docs/python/generated/pyarrow.fs.S3FileSystem.html
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from etsy_pipeline.errors import NeedsPerson, NotConfigured, PipelineError, StoreUnavailable
from etsy_pipeline.snapshots.place import Kept, gone

CONNECT_SECONDS, REQUEST_SECONDS, ATTEMPTS = 5, 30, 3
LONGEST_TOLD = 300
_DENIED = ("ACCESS_DENIED", "AccessDenied", "Forbidden", "INVALID_ACCESS_KEY", "SIGNATURE", "HTTP response code: 403")
_NO_BUCKET = ("NO_SUCH_BUCKET", "NoSuchBucket", "does not exist", "Path does not exist")


class ObjectStore:
    """Objects below a prefix of a bucket.

    Args:
        bucket: its name; it has to be there.
        prefix: what all keys begin with; may be empty.
        query: `endpoint` and `region`, where the environment does not say them.
    """

    def __init__(self, bucket: str, prefix: str, query: Mapping[str, str]) -> None:
        self._bucket, self._query = bucket, query
        self._root = "/".join(filter(None, (bucket, *prefix.split("/"))))
        self.name = f"s3://{self._root}"

    @contextmanager
    def writing(self, key: str) -> Iterator[Any]:
        """Upload in parts. A bucket that is not there is noticed before anything is read for it."""
        self._require_bucket()
        path, is_whole = self._path(key), False
        file = self._files.open_output_stream(path)
        try:
            yield file
            file.close()
            is_whole = True
        finally:
            if not is_whole:  # closing it ends the upload, also of half a file: that one is taken away again
                with suppress(OSError):
                    file.close()
                with suppress(OSError):
                    self._files.delete_file(path)

    @contextmanager
    def reading(self, key: str) -> Iterator[Any]:
        """The object; what is asked for is fetched."""
        try:
            file = self._files.open_input_file(self._path(key))
        except FileNotFoundError:
            raise gone(key, self.name) from None
        with file:
            yield file

    def kept(self) -> Iterator[Kept]:
        """All objects below the prefix."""
        from pyarrow import fs

        everything = fs.FileSelector(self._root, recursive=True, allow_not_found=True)
        for found in self._files.get_file_info(everything):
            if found.type == fs.FileType.File:
                key = found.path.removeprefix(f"{self._root}/")
                yield Kept(key, found.mtime.astimezone(UTC) if found.mtime else datetime.now(UTC))

    def remove(self, key: str) -> None:
        """Delete the object."""
        with suppress(FileNotFoundError):
            self._files.delete_file(self._path(key))

    def trouble(self, error: OSError) -> PipelineError:
        """No answer, no such bucket, or no permission."""
        told = " ".join(str(error).split())[:LONGEST_TOLD].rstrip(".")
        if any(sign in told for sign in _DENIED):
            return NeedsPerson(
                f"{self.name} refuses our key: {told}.",
                code="snapshots_refused",
                hint="Allow it s3:ListBucket on the bucket and s3:PutObject, s3:GetObject, s3:DeleteObject below the "
                "prefix; or correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        if isinstance(error, FileNotFoundError) or any(sign in told for sign in _NO_BUCKET):
            return NotConfigured(
                f"There is no bucket {self._bucket} at {self._address}.",
                code="snapshots_bucket_missing",
                hint="Make it, or correct ETSY_PIPELINE_SNAPSHOTS, AWS_ENDPOINT_URL or AWS_REGION.",
            )
        return StoreUnavailable(
            f"The object store at {self._address} gives no usable answer for {self.name}: {told}.",
            code="snapshots_unreachable",
            hint="Check AWS_ENDPOINT_URL and AWS_REGION, that it can be reached from this machine and has room, and "
            "that keys with an end (AWS_SESSION_TOKEN) still hold; then try again.",
        )

    def _require_bucket(self) -> None:
        from pyarrow import fs

        if self._files.get_file_info(self._bucket).type == fs.FileType.NotFound:
            raise FileNotFoundError(self._bucket)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    @property
    def _endpoint(self) -> str:
        named = (os.environ.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
        return self._query.get("endpoint") or next(filter(None, named), "")

    @property
    def _address(self) -> str:
        return self._endpoint.rpartition("@")[2] or "Amazon S3"

    @cached_property
    def _files(self) -> Any:
        """The client; pyarrow's, imported late, for AWS's library takes a moment to start."""
        from pyarrow import fs

        region = self._query.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        scheme, _, address = self._endpoint.rpartition("://")
        if address and scheme not in {"http", "https"}:
            raise NotConfigured(
                "The address of the object store begins with neither http:// nor https://.",
                code="snapshots_malformed",
                hint="Correct AWS_ENDPOINT_URL, or `endpoint` in ETSY_PIPELINE_SNAPSHOTS.",
            )
        return fs.S3FileSystem(
            region=region or ("us-east-1" if address else None),
            endpoint_override=address.rstrip("/") or None,
            scheme=scheme or None,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
            background_writes=False,  # parts that wait for a slow network would pile up in memory
        )
