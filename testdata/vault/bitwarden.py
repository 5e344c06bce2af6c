"""Writes bitwarden-pbkdf2.json and bitwarden-argon2id.json: exports protected by the passphrase "correct horse", as Bitwarden documents them.

Needs the package `cryptography`, which shares no code with ours.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PASSPHRASE = b"correct horse"
ITEM = {"type": 1, "name": "Made-up", "login": {"username": "me", "password": "mon key", "uris": [{"uri": "https://a.example"}]}}


def seal(key: bytes, text: bytes) -> str:
    enc, mac = (HKDFExpand(hashes.SHA256(), 32, info).derive(key) for info in (b"enc", b"mac"))
    iv = os.urandom(16)
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(enc), modes.CBC(iv)).encryptor()
    sealed = cipher.update(padder.update(text) + padder.finalize()) + cipher.finalize()
    proof = hmac.digest(mac, iv + sealed, "sha256")
    return "2." + "|".join(base64.b64encode(part).decode() for part in (iv, sealed, proof))


def export(name: str, kdf: dict, derive) -> None:
    salt = base64.b64encode(os.urandom(16)).decode()
    key = derive(salt.encode())
    text = json.dumps({"encrypted": False, "folders": [], "items": [ITEM]}).encode()
    sealed = {"encKeyValidation_DO_NOT_EDIT": seal(key, os.urandom(16).hex().encode()), "data": seal(key, text)}
    out = {"encrypted": True, "passwordProtected": True, "salt": salt} | kdf | sealed
    pathlib.Path(__file__).with_name(name).write_text(json.dumps(out, indent=2) + "\n")


export(
    "bitwarden-pbkdf2.json",
    {"kdfType": 0, "kdfIterations": 5000},
    lambda salt: hashlib.pbkdf2_hmac("sha256", PASSPHRASE, salt, 5000),
)
export(
    "bitwarden-argon2id.json",
    {"kdfType": 1, "kdfIterations": 2, "kdfMemory": 16, "kdfParallelism": 2},
    lambda salt: Argon2id(salt=hashlib.sha256(salt).digest(), length=32, iterations=2, lanes=2, memory_cost=16 * 1024).derive(PASSPHRASE),
)
