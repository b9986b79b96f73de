"""The origin of a measured number: the commit of the source, and the processor."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path


def commit() -> str:
    """The commit of this source, with "-dirty" if it has uncommitted changes.

    Without git, or if the package is installed, the version of the package is returned instead.
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
    except (OSError, subprocess.CalledProcessError):
        # An installed file may lie in the repository of another project, whose commit is not ours.
        return f"v{metadata.version('iqlut')}"
    return described.stdout.strip()


def cpu_name() -> str:
    """The name of the processor, on x86 with its family and model.

    These identify the processor of a virtual machine that hides its full name.
    """
    facts = Path("/proc/cpuinfo")
    values: dict[str, str] = {}
    if facts.exists():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            values.setdefault(key.strip(), value.strip())
    name = values.get("model name") or platform.processor() or platform.machine()
    if "cpu family" not in values:
        return name
    return f"{name} (family {values['cpu family']}, model {values['model']})"
