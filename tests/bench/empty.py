"""The rival of every small request: a Litestar application that does nothing, on the same server stack as ours."""

import sys

import uvicorn
from litestar import Litestar, get, post


@get("/", sync_to_thread=False)
def nothing() -> None:
    """Answer nothing."""


@post("/", sync_to_thread=False)
def nothing_posted() -> None:
    """Take anything, answer nothing."""


app = Litestar([nothing, nothing_posted], openapi_config=None, logging_config=None)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_config=None, server_header=False)
