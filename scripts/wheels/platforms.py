"""The platforms that wheels are built for: a wheel for another one is another row of this table."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """One platform.

    tag        the platform tag of its wheel, which says what the system must provide
    zig        the target of the compiler, with the lowest version of the system's libraries
    system     the operating system, as CMake calls it
    processor  the processor, as CMake calls it
    machine    the machine type in the header of a library, as lief calls it
    libraries  the libraries of the system that a native library may need, as a pattern
    """

    tag: str
    zig: str
    system: str
    processor: str
    machine: str
    libraries: str

    @property
    def suffix(self) -> str:
        """The suffix of a native library, by which Python finds it as a module."""
        return ".pyd" if self.system == "Windows" else ".so"

    @property
    def lowest_version(self) -> tuple[int, ...]:
        """The version of glibc, musl or macOS that the tag promises to be enough."""
        return tuple(map(int, re.findall(r"_(\d+)(?=_)", self.tag)))


_GLIBC = r"lib(c|m|pthread)\.so\.[06]"
_MUSL = r"libc\.so"
_MACOS = r"/usr/lib/libSystem\.B\.dylib"
_WINDOWS = r"KERNEL32\.dll|api-ms-win-crt-[a-z]+-l1-1-0\.dll"  # of Windows 10 and newer

PLATFORMS = (
    Platform("manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17", "Linux", "x86_64", "X86_64", _GLIBC),
    Platform(
        "manylinux_2_17_aarch64", "aarch64-linux-gnu.2.17", "Linux", "aarch64", "AARCH64", _GLIBC
    ),
    Platform("musllinux_1_2_x86_64", "x86_64-linux-musl", "Linux", "x86_64", "X86_64", _MUSL),
    Platform("musllinux_1_2_aarch64", "aarch64-linux-musl", "Linux", "aarch64", "AARCH64", _MUSL),
    Platform("macosx_11_0_x86_64", "x86_64-macos.11.0", "Darwin", "x86_64", "X86_64", _MACOS),
    Platform("macosx_11_0_arm64", "aarch64-macos.11.0", "Darwin", "arm64", "ARM64", _MACOS),
    Platform("win_amd64", "x86_64-windows-gnu", "Windows", "AMD64", "AMD64", _WINDOWS),
)


def platform_of(tag: str) -> Platform:
    """The platform with this tag. Raises KeyError for another tag."""
    return {platform.tag: platform for platform in PLATFORMS}[tag]
