"""Report on a batch of files: a line of text or JSON for each when it is done, and a summary."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from iqlut.batch.planning import Job, Plan
from iqlut.batch.results import EXISTS, IN_USE, Result
from iqlut.command_line.output import JsonRows, complain, narrate
from iqlut.command_line.progress import duration
from iqlut.printable_names import shown

_SKIPPED = {
    EXISTS: "skipped because they exist",
    IN_USE: "skipped because another run is working on them",
}


class BatchReport:
    """Collects and prints results; `close` prints the summary."""

    def __init__(self, plan: Plan, json: bool, quiet: bool, kind: str | None = None) -> None:
        self._plan, self._quiet, self._kind = plan, quiet, kind or plan.kind
        self._rows = JsonRows() if json else None
        self._results: list[Result] = []
        self._start = time.monotonic()

    @property
    def failed(self) -> int:
        return sum(result.status == "failed" for result in self._results)

    def add(self, result: Result) -> None:
        """Report a result; the reason for a failure names the file."""
        self._results.append(result)
        if self._rows:
            self._rows.add(asdict(result))
        for note in result.notes:
            complain(note)
        if result.status == "failed":
            complain(result.reason)
        elif not self._quiet and result.status != "skipped":
            narrate(_line(result))

    def fail(self, job: Job, sentence: str, elapsed_s: float) -> None:
        """Report that a file failed; the sentence names it."""
        source, target = str(job.source or "-"), str(job.target or "-")
        self.add(Result(source, target, "failed", sentence, elapsed_ms=1000 * elapsed_s))

    def close(self) -> None:
        """Print the summary if there were several files, and end the JSON list."""
        if self._plan.is_batch and not self._quiet:
            narrate(self._summary())
        if self._rows:
            self._rows.close()

    def _summary(self) -> str:
        counts, total = (
            Counter(result.status for result in self._results),
            len(self._plan.jobs) + len(self._plan.refused),
        )
        what = "would be upscaled" if counts["planned"] else "upscaled"
        parts = [f"{counts['done'] + counts['planned']} of {total} {self._kind} {what}"]
        reasons = Counter(result.reason for result in self._results if result.status == "skipped")
        parts += [f"{reasons[why]} {words}" for why, words in _SKIPPED.items() if reasons[why]]
        if counts["failed"]:
            parts.append(f"{counts['failed']} failed")
        if left := total - sum(counts.values()):
            parts.append(f"{left} not tried")
        if self._plan.ignored:
            parts.append(
                f"{self._plan.ignored} files ignored because they are neither pictures nor videos"
            )
        return f"{', '.join(parts)}, in {duration(time.monotonic() - self._start)}"


def _line(result: Result) -> str:
    source, target = (_printable(name) for name in (result.source, result.target))
    if result.status == "planned":
        return f"{source} -> {target}"
    old, new = f"{result.width}x{result.height}", f"{result.target_width}x{result.target_height}"
    frames = f", {result.frames} frames" if result.frames and result.frames > 1 else ""
    restored = (
        f", restore {result.restore:g} ({result.restore_reason})"
        if result.restore is not None
        else ""
    )
    seconds = (result.elapsed_ms or 0) / 1000
    line = f"{source} {old} -> {target} {new}{frames}{restored}, {seconds:.2f} s"
    return f"{line}, {result.reason}" if result.reason else line


def _printable(name: str) -> str:
    return name if name == "-" else shown(Path(name))
