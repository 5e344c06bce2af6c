"""How long a record of logging takes with StanchFilter: median, 99th percentile and maximum, against the same without it.

    STANCH=target/release/stanch python3 tests/pipes/logging_delay.py
"""

import logging
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "hooks", "python")]

from made_up import github  # noqa: E402
from stanch_logging import StanchFilter  # noqa: E402

RECORDS = 20_000


def measure(name, *filters):
    logger, handler = logging.Logger(name), logging.StreamHandler(open(os.devnull, "w"))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for one in filters:
        handler.addFilter(one)
    logger.addHandler(handler)
    token, took = github(1), []
    logger.info("warm")
    for i in range(RECORDS):
        before = time.perf_counter()
        logger.info("request %d of user %s took %d ms%s", i, "ada", i % 97, f" token={token}" if i % 100 == 0 else "")
        took.append(time.perf_counter() - before)
    took.sort()
    shown = [took[RECORDS // 2], took[RECORDS * 99 // 100], took[-1]]
    print(f"{name:8} median {shown[0] * 1e6:6.0f} µs  p99 {shown[1] * 1e6:6.0f} µs  max {shown[2] * 1e6:6.0f} µs")


measure("without")
measure("with", StanchFilter())
