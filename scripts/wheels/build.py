"""Build a wheel for each platform, or for those that are named, and check what each contains.

    python -m scripts.wheels.build [--output FOLDER] [PLATFORM...]

Prints a row for each wheel and ends with 1 if one of them is not as it must be. The compiler is
`zig cc` of the package ziglang, which brings the headers and libraries of every platform, so this
runs on Linux, macOS and Windows alike.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path

from scripts.wheels import contents
from scripts.wheels.platforms import PLATFORMS, Platform, platform_of

ROOT = Path(__file__).parents[2]
_TOOLCHAIN = Path(__file__).with_name("zig.cmake")


def main(arguments: list[str]) -> int:
    """1 if a wheel was built that is not as it must be."""
    parser = argparse.ArgumentParser(description="Build wheels and check their contents.")
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM", help="default: all of them")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="FOLDER")
    options = parser.parse_args(arguments)
    known = [platform.tag for platform in PLATFORMS]
    unknown = set(options.platforms) - set(known)
    if unknown:
        parser.error(f"unknown: {' '.join(sorted(unknown))}; expected some of {' '.join(known)}")
    wrong = 0
    for tag in options.platforms or known:
        wheel = build(platform_of(tag), options.output.resolve())
        problems = contents.problems(wheel, platform_of(tag))
        print(contents.summary(wheel), flush=True)
        for problem in problems:
            print(f"{wheel.name}: {problem}", file=sys.stderr)
        wrong += bool(problems)
    return int(wrong > 0)


def zig() -> Path:
    """The program zig of the package ziglang. Raises SystemExit if that is not installed."""
    spec = util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "the package ziglang is not installed, expected it as C compiler; run `make wheels`, "
            "or pip install -e '.[wheels]'"
        )
    return Path(spec.origin).with_name("zig.exe" if os.name == "nt" else "zig")


def build(platform: Platform, output: Path) -> Path:
    """Build the wheel of a platform into a folder and return its path."""
    environment = os.environ | {
        "IQLUT_ZIG": zig().as_posix(),
        "IQLUT_ZIG_TARGET": platform.zig,
        "IQLUT_CMAKE_SYSTEM": platform.system,
        "IQLUT_CMAKE_PROCESSOR": platform.processor,
        "CMAKE_GENERATOR": "Ninja",
        # scikit-build-core takes the tag from here, as Python's own cross builds do
        "_PYTHON_HOST_PLATFORM": platform.tag,
    }
    settings = {
        "cmake.toolchain-file": _TOOLCHAIN.as_posix(),
        "build-dir": f"build/wheels/{platform.tag}",
        "install.strip": "false",  # by the linker; the `strip` of this machine knows only its own
    }
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--quiet"]
    command += ["--no-deps", "--no-build-isolation"]
    for name, value in settings.items():
        command += ["--config-settings", f"{name}={value}"]
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as folder:
        subprocess.run([*command, "--wheel-dir", folder], check=True, env=environment, cwd=ROOT)
        (wheel,) = Path(folder).iterdir()
        return wheel.replace(output / wheel.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
