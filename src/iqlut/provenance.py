"""Where a number comes from: the source and the processor."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path


def commit() -> str:
    """The commit of this source, with "-dirty" if it was changed since; else the version of the
    package.
    """
    here = Path(__file__).resolve()
    git = ["git", "-C", str(here.parent)]
    try:
        subprocess.run(
            [*git, "ls-files", "--error-unmatch", here.name], check=True, capture_output=True
        )
        described = subprocess.run(
            [*git, "describe", "--always", "--dirty"], check=True, capture_output=True, text=True
        )
    except (
        OSError,
        subprocess.CalledProcessError,
    ):  # no git, or installed: then another project's commit is not ours
        return f"v{metadata.version('iqlut')}"
    return described.stdout.strip()


def cpu_name() -> str:
    """What the processor calls itself; on x86 with its family and model, as machines for hire leave
    out the rest.
    """
    facts = Path("/proc/cpuinfo")
    told: dict[str, str] = {}
    if facts.exists():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            told.setdefault(key.strip(), value.strip())
    name = told.get("model name") or platform.processor() or platform.machine()
    return (
        f"{name} (family {told['cpu family']}, model {told['model']})"
        if "cpu family" in told
        else name
    )
