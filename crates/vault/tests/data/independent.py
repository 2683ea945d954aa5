"""Writes `vault-v1-independent.bin` from docs/formats/vault.md, and reads `vault-v1.bin` back.

Needs argon2-cffi (the reference Argon2) and PyNaCl (libsodium). It shares no code with the crate. The files are
kept for ever and not written again: run it with `write` only for a new version of the format.
"""

import hashlib
import struct
import sys
import unicodedata
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as unseal,
    crypto_aead_xchacha20poly1305_ietf_encrypt as seal,
)

PASSWORD = "Zoe\u0308's vault, 2nd"  # NFKC makes it the same as the test's spelling
RECORDS = [b"snapshot", b"", bytes(range(256)), b"first commit", b"second commit"]
HERE = Path(__file__).parent


def unlock_key(salt, memory, passes, lanes):
    password = unicodedata.normalize("NFKC", PASSWORD).encode()
    return hash_secret_raw(password, salt, passes, memory, lanes, 32, Type.ID, version=0x13)


def transcript(label, *fields):
    hasher = hashlib.sha256()
    for item in [b"quorate/v1", label] + [part for field in fields for part in field]:
        hasher.update(struct.pack(">Q", len(item)) + item)
    return hasher.digest()


def write():
    salt, wrap_nonce, data_key = b"\xa1" * 32, b"\xa2" * 24, b"\xa3" * 32
    bound = b"QUORATE-VAULT" + struct.pack("<HBIII", 1, 1, 19 << 10, 2, 1) + salt + wrap_nonce
    header = bound + seal(data_key, bound, wrap_nonce, unlock_key(salt, 19 << 10, 2, 1))
    header_hash = transcript(b"vault-header", (b"header", header))
    identity = bytes(range(16)) + struct.pack("<QQ", 2, 1)
    file, link = header, header_hash[:16]
    for index, records in enumerate([[identity], RECORDS[:3], RECORDS[3:4], RECORDS[4:]]):
        plaintext = link + b"".join(struct.pack("<I", len(record)) + record for record in records)
        nonce = struct.pack("<Q", index) + bytes([0xB0 + index]) * 16
        body = seal(plaintext, header_hash + struct.pack("<Q", index), nonce, data_key)
        file += struct.pack("<I", len(body)) + nonce + body
        link = body[-16:]
    return file


def read(file):
    header, rest = file[:132], file[132:]
    version, kdf, memory, passes, lanes = struct.unpack("<HBIII", header[13:28])
    assert header[:13] == b"QUORATE-VAULT" and (version, kdf) == (1, 1)
    data_key = unseal(header[84:], header[:84], header[60:84], unlock_key(header[28:60], memory, passes, lanes))
    header_hash = transcript(b"vault-header", (b"header", header))
    frames, link, index = [], header_hash[:16], 0
    while rest:
        (length,) = struct.unpack("<I", rest[:4])
        nonce, body, rest = rest[4:28], rest[28 : 28 + length], rest[28 + length :]
        assert struct.unpack("<Q", nonce[:8]) == (index,)
        plaintext = unseal(body, header_hash + struct.pack("<Q", index), nonce, data_key)
        assert plaintext[:16] == link
        payload, records = plaintext[16:], []
        while payload:
            (size,) = struct.unpack("<I", payload[:4])
            records.append(payload[4 : 4 + size])
            payload = payload[4 + size :]
        frames.append(records)
        link, index = body[-16:], index + 1
    return frames


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        (HERE / "vault-v1-independent.bin").write_bytes(write())
    for name in ["vault-v1.bin", "vault-v1-independent.bin"]:
        identity, *commits = read((HERE / name).read_bytes())
        assert [record for commit in commits for record in commit] == RECORDS, name
        generation, snapshot = struct.unpack("<QQ", identity[0][16:])
        assert (generation, snapshot, len(commits)) == (2, 1, 3), name
        print(name, "agrees")
