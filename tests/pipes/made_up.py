"""Values that look like secrets and are none, made when they are needed."""

import random
import zlib

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def github(seed):
    """A GitHub token: a rule knows it, and its checksum holds."""
    body = "".join(random.Random(seed).choices(DIGITS, k=30))
    value, checksum = zlib.crc32(body.encode()), ""
    for _ in range(6):
        checksum = DIGITS[value % 62] + checksum
        value //= 62
    return "gh" + "p_" + body + checksum


def password(seed):
    """A password as people are told to make them."""
    return "".join(random.Random(seed).choices(DIGITS, k=16)) + "!7"


if __name__ == "__main__":
    import sys

    print(github(int(sys.argv[1])))
