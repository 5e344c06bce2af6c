"""Made-up credentials of well-known formats, with valid checksums, for the planted secrets of the log corpus.

Every value comes from the random generator that is passed in; nothing here was ever issued by anybody.
"""

import base64
import binascii
import json

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = "abcdefghijklmnopqrstuvwxyz"
HEX = DIGITS + "abcdef"
BASE32 = UPPER + "234567"
BASE62 = DIGITS + UPPER + LOWER
BASE64 = BASE62 + "+/"
BASE64URL = BASE62 + "-_"


def chars(rng, alphabet, count):
    return "".join(rng.choices(alphabet, k=count))


def base62_crc32(text):
    """The checksum of GitHub and npm tokens: CRC-32 as six base62 digits."""
    value, out = binascii.crc32(text.encode()), ""
    while value:
        value, digit = divmod(value, 62)
        out = BASE62[digit] + out
    return out.rjust(6, "0")


def with_crc32(prefix):
    def make(rng):
        body = chars(rng, BASE62, 30)
        return prefix + body + base62_crc32(body)

    return make


def shaped(*parts):
    """A maker from literals and (alphabet, count) pairs."""

    def make(rng):
        return "".join(part if isinstance(part, str) else chars(rng, *part) for part in parts)

    return make


def aws_key_id(rng):
    """The body is base32 and holds an account id of at most 12 digits (bits 1 to 40 of its first 6 bytes)."""
    while True:
        body = chars(rng, BASE32, 16)
        head = int.from_bytes(base64.b32decode(body)[:6], "big")
        if (head & 0x7FFF_FFFF_FF80) >> 7 < 10**12:
            return "AKIA" + body


def aws_secret(rng):
    """Mixed characters, and no run of hex that would look like a digest."""
    return chars(rng, BASE64, 38) + chars(rng, "GHJKMNPQRSTVWXYZ", 2)


def grafana(rng):
    body = "glsa_" + chars(rng, BASE62, 32)
    return body + "_" + binascii.crc32(body.encode()).to_bytes(4, "little").hex()


def jwt(rng):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

    claims = {"iss": "https://login.internal", "sub": chars(rng, DIGITS, 9), "iat": 1700000000, "exp": 4102444800}
    signature = base64.urlsafe_b64encode(rng.randbytes(32)).decode().rstrip("=")
    return f'{part({"alg": "HS256", "typ": "JWT"})}.{part(claims)}.{signature}'


def ec_private_key(rng):
    """A PEM block on one line with escaped line ends, as JSON logs hold it; the DER is that of a P-256 key."""
    oid = bytes.fromhex("a00a06082a8648ce3d030107")
    public = b"\xa1\x44\x03\x42\x00\x04" + rng.randbytes(64)
    inner = b"\x02\x01\x01\x04\x20" + rng.randbytes(32) + oid + public
    text = base64.b64encode(b"\x30" + bytes([len(inner)]) + inner).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    label = "EC PRIVATE " + "KEY"  # split, so that no scanner takes this file for a key
    return "\\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])


def openai(rng):
    return "sk-proj-" + chars(rng, BASE64URL, 74) + "T3BlbkFJ" + chars(rng, BASE64URL, 73) + "A"


# Texts around a value that begins with its own anchor: JSON, key=value, a URL query, a shell line, a stack trace.
ANYWHERE = [
    '{{"ts":"2026-11-25T10:11:12.{0}Z","level":"debug","msg":"outgoing request","headers":{{"authorization":"Bearer {1}"}}}}',
    'ts=2026-11-25T10:11:12.{0}Z level=info msg="configuration loaded" source=env SERVICE_TOKEN="{1}"',
    '10.0.3.7 - - [25/Nov/2026:10:11:12 +0000] "GET /hook?token={1}&n={0} HTTP/1.1" 200 17 "-" "curl/8.5.0"',
    "+ export SERVICE_TOKEN={1} # attempt {0}",
    "com.example.http.AuthException: credential '{1}' was rejected (attempt {0})",
]
JSON_STRING = ['{{"level":"debug","msg":"loaded key","attempt":{0},"key":"{1}"}}']
ASSIGNED_AWS = [
    'ts=2026-11-25T10:11:12.{0}Z level=debug msg="profile" aws_secret_access_key={1}',
    '{{"level":"debug","n":{0},"env":{{"AWS_SECRET_ACCESS_KEY":"{1}"}}}}',
]
BOT_URL = ['level=error n={0} msg="request failed" url="https://api.telegram.org/bot{1}/sendMessage"']
POSTGRES = ['level=info n={0} msg="connecting" dsn="postgres://billing:{1}@db-3.prod.internal:5432/billing?sslmode=require"']
MONGODB = ['{{"level":"info","n":{0},"uri":"mongodb+srv://reports:{1}@cluster0.k3x9q.mongodb.internal/reports"}}']
WEBHOOK = ['level=warn n={0} msg="alert not delivered" url={1} status=429']

# kind -> (maker, contexts)
KINDS = {
    "github-pat": (with_crc32("ghp_"), ANYWHERE),
    "github-oauth": (with_crc32("gho_"), ANYWHERE),
    "github-app": (with_crc32("ghs_"), ANYWHERE),
    "npm": (with_crc32("npm_"), ANYWHERE),
    "gitlab-pat": (shaped("glpat-", (BASE62, 20)), ANYWHERE),
    "slack-bot": (shaped("xoxb-", (DIGITS, 12), "-", (DIGITS, 13), "-", (BASE62, 24)), ANYWHERE),
    "slack-webhook": (
        shaped("https://hooks.slack.com/services/T", (DIGITS + UPPER, 10), "/B", (DIGITS + UPPER, 10), "/", (BASE62, 24)),
        WEBHOOK,
    ),
    "stripe": (shaped("sk_live_", (BASE62, 24)), ANYWHERE),
    "aws-key-id": (aws_key_id, ANYWHERE),
    "aws-secret": (aws_secret, ASSIGNED_AWS),
    "google-api": (shaped("AIzaSy", ("ABCD", 1), (BASE62, 32)), ANYWHERE),
    "sendgrid": (shaped("SG.", (BASE62, 22), ".", (BASE62, 43)), ANYWHERE),
    "anthropic": (shaped("sk-ant-api03-", (BASE64URL, 93), "AA"), ANYWHERE),
    "openai": (openai, ANYWHERE),
    "huggingface": (shaped("hf_", (UPPER + LOWER, 34)), ANYWHERE),
    "digitalocean": (shaped("dop_v1_", (HEX, 64)), ANYWHERE),
    "shopify": (shaped("shpat_", (HEX, 32)), ANYWHERE),
    "pypi": (shaped("pypi-AgEIcHlwaS5vcmc", (BASE64URL, 149), "Q"), ANYWHERE),
    "grafana": (grafana, ANYWHERE),
    "dockerhub": (shaped("dckr_pat_", (BASE62, 27)), ANYWHERE),
    "telegram": (shaped(("123456789", 1), (DIGITS, 9), ":AA", (BASE62, 33)), BOT_URL),
    "jwt": (jwt, ANYWHERE),
    "ec-private-key": (ec_private_key, JSON_STRING),
    "postgres-password": (shaped((BASE62, 18)), POSTGRES),
    "mongodb-password": (shaped((BASE62, 18)), MONGODB),
}
