"""Build one sender's index from the database in a fresh process, and tell how long that took and what it needed."""

import asyncio
import json
import os
import sys
import time

from app.database import open_pool
from app.index import Index
from tests.bench.stage import forget_peak, memory


async def main(database_url: str, sender_id: int) -> None:
    pool = await open_pool(database_url, min_size=2, max_size=3, application_name="bench")
    index = Index(pool, 2_000_000_000)
    before = memory(os.getpid())
    forget_peak(os.getpid())
    begun = time.perf_counter()
    version = await index.at_present(sender_id)
    told = {
        "seconds": time.perf_counter() - begun,
        "opt_outs": len(version.tags),
        "index_bytes": version.tags.nbytes,
        "peak_bytes": memory(os.getpid(), "VmHWM") - before,
    }
    await pool.close()
    sys.stdout.write(json.dumps(told))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
