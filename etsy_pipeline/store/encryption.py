"""Encryption of tokens at rest: Fernet keys, several at once while one replaces another (MultiFernet)."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from etsy_pipeline.errors import NotConfigured

KEY_FILE = "secret.key"


class TokenCipher:
    """Encrypts with the first key, decrypts with any.

    Args:
        keys: Fernet keys separated by commas, the newest first.

    Raises:
        NotConfigured: `secret_key_malformed`.
    """

    def __init__(self, keys: str) -> None:
        each = [key.strip() for key in keys.split(",") if key.strip()]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in each])
        except ValueError:
            raise NotConfigured(
                "ETSY_PIPELINE_SECRET_KEY is not a list of Fernet keys (32 bytes, url-safe base64).",
                code="secret_key_malformed",
                hint="Make one with `etsy-pipeline db new-key`.",
            ) from None
        self._first = each[0].encode()

    def key_for(self, purpose: str) -> str:
        """Another key, made of the first one, that says nothing about it; the same in every process."""
        return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._first).hex()

    def encrypt(self, secret: str) -> str:
        """Turn a secret into text that is safe to store."""
        return self._fernet.encrypt(secret.encode()).decode()

    def rotate(self, stored: str) -> str:
        """The same secret, encrypted with the first key.

        Raises:
            NotConfigured: `secret_key_wrong` when no key fits.
        """
        return self.encrypt(self.decrypt(stored))

    def decrypt(self, stored: str) -> str:
        """Give the secret back.

        Raises:
            NotConfigured: `secret_key_wrong` when no key fits.
        """
        try:
            return self._fernet.decrypt(stored.encode()).decode()
        except InvalidToken:
            raise NotConfigured(
                "The stored tokens cannot be decrypted with the present key.",
                code="secret_key_wrong",
                hint=f"Put the key back that encrypted them (ETSY_PIPELINE_SECRET_KEY, or {KEY_FILE} in the state "
                "folder; while keys are rotated, the new one belongs on all machines), or connect the shops again: "
                "`etsy-pipeline accounts connect ACCOUNT`.",
            ) from None


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()


def key_in_state_folder(home: Path) -> str:
    """The key of the embedded database, made on first use; only its owner can read it."""
    path = home / KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(new_key())
    except OSError:
        path.unlink()  # a disk that is full: an empty key would be taken for one
        raise
    return path.read_text().strip()
