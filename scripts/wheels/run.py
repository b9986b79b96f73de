"""Run wheels on this machine, as far as it can: under qemu, under wine, with musl.

    python -m scripts.wheels.run WHEEL...

native/check.c is compiled for the platform of each wheel, loads the inference library of the wheel
and compares its pixels with the golden vectors. Where there is a Python for the platform, the wheel
is installed for it as well and scripts/wheels/installed.py tries it. Prints a line for each wheel
and ends with 1 if one of them fails. Wheels for macOS are not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from iqlut.engines import native as engine
from scripts.shared import aarch64_check
from scripts.wheels import debian_root
from scripts.wheels.build import ROOT, zig
from scripts.wheels.platforms import Platform, platform_of

FOLDER = ROOT / "build" / "wheels"
_PYTHON = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib")
_LIBRARIES = ("libc6", "libgcc-s1", "libstdc++6", "libexpat1", "zlib1g", "libffi8", "liblzma5")
_PACKAGES = {"arm64": (*_PYTHON, *_LIBRARIES, "libbz2-1.0", "musl"), "amd64": ("musl",)}
_PYTHON_VERSION = "3.11"
# The newest glibc that the wheels of the dependencies may ask for; Debian 12 has 2.36.
_GLIBC_MINORS = range(17, 37)
_RANDOM_CASES = 60


def main(wheels: list[str]) -> int:
    """1 if a wheel fails."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise SystemExit(
            f"this is {sys.platform}, expected Linux on x86-64, which has the emulators; "
            "install the wheel of this platform and run scripts/wheels/installed.py"
        )
    if not wheels:
        raise SystemExit("no wheel is named, expected at least one; run `make wheels` first")
    wrong = 0
    for wheel in map(Path, wheels):
        platform = platform_of(wheel.stem.rpartition("-")[2])
        try:
            result = run(wheel, platform)
        except (subprocess.CalledProcessError, AssertionError) as error:
            result = f"failed: {error}"
            wrong += 1
        print(f"{platform.tag}: {result}", flush=True)
    return int(wrong > 0)


def run(wheel: Path, platform: Platform) -> str:
    """What came of a wheel.

    Raises CalledProcessError if a program fails, as with other pixels, and AssertionError if the
    library does not find all instruction sets of the processor.
    """
    if platform.system == "Darwin":
        return "built, not run: this needs macOS"
    start = emulator(platform)
    if start is None:
        needed = "wine" if platform.system == "Windows" else "Debian 12 and, for AArch64, qemu"
        return f"built, not run: this needs {needed}"
    with tempfile.TemporaryDirectory() as folder:
        found = check_library(wheel, platform, start, Path(folder))
    emulated = aarch64_check.INSTRUCTION_SETS
    sets = emulated if platform.processor == "aarch64" else engine.instruction_sets()
    if not found.startswith(f"{' '.join(sets)} on "):
        raise AssertionError(f"{found}, expected all of {' '.join(sets)}")
    return f"{found}; {run_in_python(wheel, platform, start)}"


def emulator(platform: Platform) -> list[str] | None:
    """The command in front of a program for a platform, or None if this machine cannot run it."""
    if platform.system == "Windows":
        wine = shutil.which("wine")
        return [wine] if wine else None
    if platform.tag == "manylinux_2_17_x86_64":
        return []
    architecture = "arm64" if platform.processor == "aarch64" else "amd64"
    root = debian_root.installed(architecture, _PACKAGES[architecture], FOLDER)
    if root is None:
        return None
    if architecture == "amd64":
        return [str(root / "lib" / "ld-musl-x86_64.so.1")]
    qemu = shutil.which("qemu-aarch64")
    return [qemu, "-L", str(root)] if qemu else None


def check_library(wheel: Path, platform: Platform, start: list[str], folder: Path) -> str:
    """What native/check.c prints of the inference library of a wheel."""
    library = folder / f"_inference{platform.suffix}"
    with zipfile.ZipFile(wheel) as file:
        library.write_bytes(file.read(f"iqlut/native/{library.name}"))
    program, cases = folder / "check.exe", folder / "cases.bin"
    sources = [ROOT / "native" / name for name in ("check.c", "loaded.c")]
    links = [] if platform.system == "Windows" else ["-ldl", "-dynamic"]
    compiler = [zig(), "cc", "-target", platform.zig, "-std=gnu11", "-O2"]
    subprocess.run([*compiler, *sources, *links, "-o", program], check=True)
    make_cases = [sys.executable, ROOT / "tests" / "check_cases.py", cases, str(_RANDOM_CASES)]
    subprocess.run(make_cases, check=True)
    environment = os.environ | {
        "IQLUT_LIBRARY": f"./{library.name}",
        "WINEDEBUG": "-all",
        "WINEPREFIX": str(FOLDER / "wine"),
    }
    with cases.open("rb") as stdin:
        done = subprocess.run(
            [*start, program],
            stdin=stdin,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=environment,
            check=True,
        )
    return done.stdout.decode().strip()


def run_in_python(wheel: Path, platform: Platform, start: list[str]) -> str:
    """What scripts/wheels/installed.py prints of a wheel, under the Python for its platform."""
    if "musl" in platform.tag or platform.system == "Windows":
        return "no Python for it here"
    site = FOLDER / f"site-{platform.tag}"
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-warn-conflicts"]
    command += ["--target", str(site), str(wheel)]
    python = [sys.executable, "-S"]  # without the editable installation of iqlut
    if start:
        python = [*start, f"{start[-1]}/usr/bin/python{_PYTHON_VERSION}"]
        tags = [f"manylinux_2_{minor}_aarch64" for minor in _GLIBC_MINORS]
        command += ["--only-binary", ":all:", "--python-version", _PYTHON_VERSION]
        command += [f"--platform={tag}" for tag in (*tags, "manylinux2014_aarch64")]
    subprocess.run(command, check=True)
    script = Path(__file__).with_name("installed.py")
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONNOUSERSITE": "1"}
    done = subprocess.run(
        [*python, script], check=True, env=environment, stdout=subprocess.PIPE, cwd=FOLDER
    )
    return done.stdout.decode().strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
