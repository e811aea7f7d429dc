"""One list through the registry: chunk by chunk, each judged, written and noted before the next is sent."""

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from app import listfile
from app.cli.check_file import journal as steps
from app.cli.check_file.judged import ALLOWED, Judged, judge_here
from app.cli.check_file.options import STDIN, CheckFileError, Options, refuse_impossible, with_text
from app.cli.check_file.outputs import Outputs
from app.cli.check_file.progress import Progress, progress_bar
from app.cli.check_file.summary import EXAMPLES_MAX, first_opening, is_damaged, is_nobody, summary
from app.cli.check_file.words import Words
from app.client import NUMBERS_MAX, Answer, Client, ClientError, Problem, RefusedError, WrongCallError
from app.phone import Numbers, read_lines

DONE, REFUSED, WRONG_USE = 0, 1, 2

# The layout is found from this much of the list.
_HEAD_BYTES = 256 << 10
_BLOCK_BYTES = 1 << 20

# How the registry answers under a key whose first answer no longer holds, or was to another question.
_OUTDATED = frozenset({"clearance-expired", "recalled", "idempotency-key-reused"})
# The refusal of a part in which nobody may be reached now; those of other parts may live elsewhere.
_QUIET_HOURS = "quiet-hours"


def check_file(options: Options, *, wait: Callable[[float], None] = time.sleep) -> int:
    """Screen a list against a registry; the exit status: 0 done, 1 refused, 2 wrong use, 3 registry unavailable.

    ``wait`` sleeps between attempts to reach a busy registry.
    """
    words = Words.of(os.environ)
    try:
        return _checked(options, words, wait)
    except (listfile.ListFileError, CheckFileError) as error:
        return _tell(words(error.slug, **error.values), WRONG_USE)
    except ClientError as error:
        return _tell(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _tell(words("interrupted"), REFUSED)
    except BrokenPipeError:
        return _drop_standard_output()
    except OSError as error:
        return _tell(words("file", path=str(error.filename or options.file), reason=str(error.strerror)), WRONG_USE)


def _tell(sentence: str, status: int = DONE) -> int:
    sys.stderr.write(f"stop-registry: {sentence}\n")
    return status


def _drop_standard_output() -> int:
    """The reader of the pipe is gone; Python must not stumble over it again when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return REFUSED


def _checked(options: Options, words: Words, wait: Callable[[float], None]) -> int:
    refuse_impossible(options)
    if not options.key:
        raise CheckFileError("no-key")
    if not 1 <= options.chunk <= NUMBERS_MAX:
        raise CheckFileError("chunk", most=NUMBERS_MAX)
    options = with_text(options)
    with ExitStack() as stack:
        source = stack.enter_context(Path(options.file).open("rb")) if options.file != STDIN else sys.stdin.buffer
        head = source.read(_HEAD_BYTES)
        layout = listfile.detect(head, options.column, whole=len(head) < _HEAD_BYTES)
        if layout.damaged:
            return _tell(words("damaged", remedy=words("remedy")), REFUSED)
        client = stack.enter_context(Client(options.url, options.key, french=words.french, wait=wait))
        _warn_of_plain_http(options.url, words)
        blocks = chain([head], iter(lambda: source.read(_BLOCK_BYTES), b""))
        run = Run(options, words, layout, client, _begun(source, options))
        return run.go(listfile.chunks(blocks, layout, options.chunk))


def _begun(source: IO[bytes], options: Options) -> steps.Begun:
    state = os.fstat(source.fileno()) if options.file != STDIN else None
    return steps.Begun(
        run=secrets.token_hex(8),
        size=state.st_size if state else 0,
        modified=state.st_mtime_ns if state else 0,
        options=steps.digest(options),
    )


def _warn_of_plain_http(url: str, words: Words) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and host not in {"localhost", "::1"} and not host.startswith("127."):
        _tell(words("plain-http", host=host))


class Run:
    """One passage through a list."""

    def __init__(
        self, options: Options, words: Words, layout: listfile.Layout, client: Client, begun: steps.Begun
    ) -> None:
        self._options = options
        self._words = words
        self._layout = layout
        self._client = client
        self._seen = listfile.Seen()
        self._warned: set[str] = set()
        self._until: str | None = None
        self._journal = steps.Journal(options.journal_path, begun)
        self._resumed = len(self._journal.finished)
        sizes = self._journal.finished[-1].sizes if self._resumed else []
        try:
            self._outputs = Outputs(options, layout, sizes)
        except BaseException:
            self._journal.close(remove=not self._resumed)
            raise

    def go(self, chunks: Iterator[listfile.Chunk]) -> int:
        """Take every chunk through; what cannot be finished now is taken up by the same command later."""
        complete = refused = False
        try:
            with progress_bar(self._words("checking"), self._journal.begun.size) as progress:
                self._pass_through(chunks, progress)
            complete = True
        except (RefusedError, WrongCallError, listfile.ListFileError):
            refused = True
            raise
        finally:
            self._close(complete=complete, refused=refused)
        if is_nobody(self._journal.finished):
            return _tell(self._words("nobody", at=first_opening(self._journal.finished) or "?"), REFUSED)
        for line in summary(self._journal.finished, self._until, self._words):
            sys.stderr.write(line + "\n")
        return REFUSED if is_damaged(self._journal.finished) else DONE

    def _close(self, *, complete: bool, refused: bool) -> None:
        """Leave the whole result, or what the next run goes on from; never an empty file that looks like a result."""
        nothing = not self._journal.finished
        self._outputs.close(discard=is_nobody(self._journal.finished) if complete else nothing)
        self._journal.close(remove=complete or (refused and nothing))
        if not complete and not nothing and self._journal.path:
            _tell(self._words("to-be-continued", rows=self._journal.rows()))

    def _pass_through(self, chunks: Iterator[listfile.Chunk], progress: Progress) -> None:
        if self._resumed:
            _tell(self._words("taken-up", rows=self._journal.rows()))
        for chunk in chunks:
            numbers = read_lines(chunk.cells)
            if chunk.number <= self._resumed:
                self._recall(chunk, numbers)
            else:
                self._take(chunk, numbers)
            progress(chunk.end)
        self._outputs.finish()

    def _recall(self, chunk: listfile.Chunk, numbers: Numbers) -> None:
        """A chunk that an earlier run has finished: only its people are remembered."""
        if self._journal.finished[chunk.number - 1].end != chunk.end:
            raise CheckFileError("input-changed", journal=str(self._journal.path))
        self._seen.add(numbers.numbers)

    def _take(self, chunk: listfile.Chunk, numbers: Numbers) -> None:
        judged = judge_here(chunk, numbers, self._seen, self._layout.delimiter)
        asked = np.flatnonzero(judged.codes == ALLOWED)
        answer = self._ask(chunk, numbers, asked, judged) if asked.size else None
        self._outputs.write(chunk, judged, answer)
        examples = {reason: judged.rows_of(reason, EXAMPLES_MAX) for reason in ("rounded", "invalid")}
        clearance = answer.clearance if answer else None
        self._until = clearance.expires_at if clearance else self._until
        self._journal.note(
            steps.Finished(
                chunk=chunk.number,
                end=chunk.end,
                sizes=self._outputs.sizes(),
                counts=judged.counts(),
                examples={reason: [chunk.first_row + at for at in rows] for reason, rows in examples.items()},
                check=answer.check_id if answer else None,
                clearance=clearance.id if clearance else None,
                opens_at=judged.opens_at,
            )
        )

    def _ask(
        self, chunk: listfile.Chunk, numbers: Numbers, asked: npt.NDArray[np.int64], judged: Judged
    ) -> Answer | None:
        texts = chunk.cells.decode().split("\n")[: len(chunk)]
        if asked.size < len(chunk):
            texts = [texts[at] for at in asked.tolist()]
        answer = self._answer(chunk.number, texts)
        if isinstance(answer, Problem):
            judged.wait(answer, numbers, asked)
            return None
        judged.merge(self._client.verdict(answer, texts, numbers.numbers[asked]), asked)
        groups = [group for group in answer.withheld.get("quiet_hours", []) if isinstance(group, dict)]
        openings = [group.get("opens_at") or "" for group in groups]
        judged.opens_at = min(filter(None, openings), default="") if openings else None
        return answer

    def _answer(self, chunk: int, texts: list[str]) -> Answer | Problem:
        """The answer to a part, or the refusal of all its people because of the hours."""
        try:
            answer = self._asked(chunk, self._attempt(chunk), texts)
        except RefusedError as error:
            if error.problem.slug != _QUIET_HOURS:
                raise
            self._tell_once(str(error))
            return error.problem
        clearance = answer.clearance.id if answer.clearance else None
        self._journal.note(steps.Answered(chunk, answer.check_id, clearance))
        self._pass_on(answer.warnings)
        return answer

    def _asked(self, chunk: int, attempt: int, texts: list[str]) -> Answer:
        try:
            return self._send(chunk, attempt, texts)
        except (RefusedError, WrongCallError) as error:
            if error.problem.slug not in _OUTDATED:
                raise
            lost = error.problem.clearance
        # What was answered then no longer holds: its clearance has expired, or somebody said STOP since. Nobody got
        # anything by it, and until it is given back its people count as reached.
        if lost:
            self._client.release(lost)
        return self._send(chunk, attempt + 1, texts)

    def _attempt(self, chunk: int) -> int:
        """The attempt to make; it repeats one whose answer never came, since the same key brings that back.

        What an answer that did come had cleared is given back first: none of it has reached the output.
        """
        sent, answered = self._journal.sent, self._journal.answered
        if sent is None or sent.chunk != chunk:
            return 1
        if answered is None:
            return sent.attempt
        if answered.clearance:
            self._client.release(answered.clearance)
        return sent.attempt + 1

    def _send(self, chunk: int, attempt: int, texts: list[str]) -> Answer:
        self._journal.note(steps.Sent(chunk, attempt))
        key = f"check-{self._journal.begun.run}-{chunk}-{attempt}"
        fields = self._options.fields()
        return self._client.check(fields, texts, idempotency_key=key, screen=self._options.screen)

    def _pass_on(self, warnings: list[object]) -> None:
        for warning in map(_one_line, warnings):
            self._tell_once(self._words("warning", text=warning))

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self._warned:
            self._warned.add(sentence)
            _tell(sentence)


def _one_line(warning: object) -> str:
    """A warning is text, or an object with a title and a detail."""
    parts = [warning.get("title"), warning.get("detail")] if isinstance(warning, dict) else [warning]
    return " ".join(" ".join(str(part) for part in parts if part).split())
