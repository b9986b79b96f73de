"""What became of many pictures: a line for each as it is done, a summary, and rows of JSON."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from iqlut.batch.one_file import Result
from iqlut.batch.plan import Job, Plan
from iqlut.commands.console import complain, duration, narrate, print_json, rows_of
from iqlut.pictures.reading import shown


class Report:
    """Collects results; `close` says how all went."""

    def __init__(self, plan: Plan, json: bool, quiet: bool) -> None:
        self._plan, self._json, self._quiet = plan, json, quiet
        self._results: list[Result] = []
        self._start = time.monotonic()

    @property
    def failed(self) -> int:
        return sum(result.status == "failed" for result in self._results)

    def add(self, result: Result) -> None:
        """A picture that did not fail."""
        self._results.append(result)
        if not self._quiet and result.status != "skipped":
            narrate(_line(result))

    def fail(self, job: Job, sentence: str, elapsed_s: float) -> None:
        """A picture that did; the sentence names it."""
        source, target = str(job.source or "-"), str(job.target or "-")
        self._results.append(Result(source, target, "failed", sentence, elapsed_ms=1000 * elapsed_s))
        complain(sentence)

    def close(self) -> None:
        """The summary, where there were several, and the rows."""
        if self._plan.is_batch and not self._quiet:
            narrate(self._summary())
        if self._json:
            print_json(rows_of(self._results))

    def _summary(self) -> str:
        counts, total = Counter(result.status for result in self._results), len(self._plan.jobs)
        what = "would be enlarged" if counts["planned"] else "enlarged"
        parts = [f"{counts['done'] + counts['planned']} of {total} pictures {what}"]
        if counts["skipped"]:
            parts.append(f"{counts['skipped']} skipped (they exist)")
        if counts["failed"]:
            parts.append(f"{counts['failed']} failed")
        if left := total - sum(counts.values()):
            parts.append(f"{left} not tried")
        if self._plan.ignored:
            parts.append(f"{self._plan.ignored} files ignored (no pictures)")
        return f"{', '.join(parts)}, in {duration(time.monotonic() - self._start)}"


def _line(result: Result) -> str:
    source, target = (_printable(name) for name in (result.source, result.target))
    if result.status == "planned":
        return f"{source} -> {target}"
    old, new = f"{result.width}x{result.height}", f"{result.target_width}x{result.target_height}"
    frames = f", {result.frames} frames" if result.frames and result.frames > 1 else ""
    line = f"{source} {old} -> {target} {new}{frames}, {(result.elapsed_ms or 0) / 1000:.2f} s"
    return f"{line}, {result.reason}" if result.reason else line


def _printable(name: str) -> str:
    return name if name == "-" else shown(Path(name))
