"""Packages of Debian for another processor, unpacked in a folder: for qemu and the musl loader.

apt-get keeps its lists in that folder as well, so the packages of this machine stay as they are,
and no root rights are needed.
"""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

RELEASE = "bookworm"  # the release whose packages the callers name
_SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")


def installed(architecture: str, packages: tuple[str, ...], folder: Path) -> Path | None:
    """The folder with these packages unpacked, as the root of a file system.

    `architecture` is Debian's name of the processor. Dependencies are not followed. Returns None
    on any other system than this release of Debian. Raises CalledProcessError if they cannot be
    downloaded.
    """
    root, done = folder / architecture, folder / f"{architecture}.packages"
    if done.exists() and done.read_text(encoding="utf-8") == " ".join(packages):
        return root
    sources = [source for source in map(Path, _SOURCES) if source.exists()]
    if not is_this_release() or not sources:
        return None
    state = folder.resolve() / f"{architecture}-apt"
    for name in ("lists/partial", "cache/archives/partial", "packages"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "Dir::State": state,
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Dir::Etc::sourcelist": sources[-1],
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "",  # the user of apt-get may not write into every folder
    }
    apt = ["apt-get", "-qq", *(f"--option={name}={value}" for name, value in settings.items())]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "download", *packages], check=True, cwd=state / "packages")
    for package in sorted((state / "packages").glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, root], check=True)
    done.write_text(" ".join(packages), encoding="utf-8")
    return root


def is_this_release() -> bool:
    """Whether this system is Debian `RELEASE`."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return False
    return (facts.get("ID"), facts.get("VERSION_CODENAME")) == ("debian", RELEASE)
