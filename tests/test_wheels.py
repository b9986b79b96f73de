"""Wheels: the table of platforms, what a wheel must contain, and a build for another platform."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging import tags

from scripts.wheels.platforms import PLATFORMS, Platform, platform_of

ROOT = Path(__file__).parents[1]
WORKFLOW = (ROOT / ".github" / "workflows" / "wheels.yml").read_text(encoding="utf-8")
CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
FOREIGN = "manylinux_2_17_aarch64"  # of which a test builds the wheel


def test_every_system_has_its_wheels() -> None:
    found = {(platform.system, platform.machine) for platform in PLATFORMS}
    assert found == {
        *itertools.product(["Linux"], ["X86_64", "AARCH64"]),
        *itertools.product(["Darwin"], ["X86_64", "ARM64"]),
        ("Windows", "AMD64"),
    }
    assert sum("musl" in platform.tag for platform in PLATFORMS) == 2
    assert len({platform.tag for platform in PLATFORMS}) == len(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.tag)
def test_the_compiler_builds_what_the_tag_says(platform: Platform) -> None:
    processor = platform.tag.rpartition("_")[2] if platform.system != "Linux" else ""
    architecture = {"arm64": "aarch64", "64": "x86_64", "amd64": "x86_64"}.get(
        processor, platform.machine.lower()
    )
    target, _, version = platform.zig.partition(".")
    assert target.startswith(f"{architecture}-")
    if platform.system != "Windows" and "musl" not in platform.tag:
        assert tuple(map(int, version.split("."))) == platform.lowest_version


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.tag)
def test_cmake_knows_the_processor(platform: Platform) -> None:
    """Another name would leave out the instruction sets, without an error."""
    patterns = re.findall(r'CMAKE_SYSTEM_PROCESSOR MATCHES "(.*?)"', CMAKE)
    assert len(patterns) == 2
    assert sum(bool(re.search(pattern, platform.processor)) for pattern in patterns) == 1


def test_pip_takes_the_tags() -> None:
    for platform, system in (("macosx_11_0_x86_64", "x86_64"), ("macosx_11_0_arm64", "arm64")):
        assert platform in tags.mac_platforms((15, 0), system)
        assert platform_of(platform).system == "Darwin"
    linux = re.compile(r"(manylinux_2_17|musllinux_1_2)_(x86_64|aarch64)")
    for platform in PLATFORMS:
        is_linux = platform.system == "Linux"
        assert bool(linux.fullmatch(platform.tag)) == is_linux


def test_the_workflow_builds_by_the_same_command() -> None:
    assert "run: make wheels\n" in WORKFLOW and "scripts/wheels/installed.py" in WORKFLOW
    for system in ("ubuntu", "ubuntu-24.04-arm", "macos-15-intel", "macos-15", "windows", "alpine"):
        assert system in WORKFLOW


def test_an_unknown_platform_is_refused() -> None:
    command = [sys.executable, "-m", "scripts.wheels.build", "amiga"]
    pytest.importorskip("lief", reason="needs lief (pip install '.[wheels]')")
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and "unknown: amiga; expected some of manylinux" in done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("ziglang", reason="needs ziglang (pip install '.[wheels]')")
    from scripts.wheels import build

    return build.build(platform_of(FOREIGN), tmp_path_factory.mktemp("dist"))


@pytest.mark.slow
def test_a_foreign_wheel_is_what_it_must_be(wheel: Path) -> None:
    from scripts.wheels import contents

    assert wheel.name.endswith(f"-py3-none-{FOREIGN}.whl")
    assert contents.problems(wheel, platform_of(FOREIGN)) == []


@pytest.mark.slow
def test_faults_of_a_wheel_are_found(wheel: Path, tmp_path: Path) -> None:
    """A wheel with another library, without a model, and of another platform than it says."""
    from scripts.wheels import contents

    spoilt = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(spoilt, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "iqlut/native/_inference.so":
                data = old.read("iqlut/native/_training.so")
            if name != "iqlut/models/l8c8-x4.iqlut":
                new.writestr(name, data)
    found = contents.problems(spoilt, platform_of(FOREIGN))
    assert found[0] == "iqlut/models/l8c8-x4.iqlut is missing"
    assert "_inference.so does not export exactly its interface: iqlut_instruction_set" in found[1]
    other = contents.problems(wheel, platform_of("musllinux_1_2_x86_64"))
    assert any("is for AARCH64, expected X86_64" in problem for problem in other)
    assert any("needs libc.so.6" in problem for problem in other)
    assert any("its tags are not" in problem for problem in other)


def test_wheels_that_are_missing_or_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lief", reason="needs lief (pip install '.[wheels]')")
    from scripts.wheels import debian_root, run

    if sys.platform == "linux" and os.uname().machine == "x86_64":
        with pytest.raises(SystemExit, match="no wheel is named, expected at least one"):
            run.main([])
    monkeypatch.setattr(debian_root, "is_this_release", lambda: False)
    monkeypatch.setattr(run, "FOLDER", Path("nowhere"))
    assert run.run(Path("a.whl"), platform_of("macosx_11_0_arm64")).startswith("built, not run")
    found = run.run(Path("a.whl"), platform_of("musllinux_1_2_x86_64"))
    assert found == "built, not run: this needs Debian 12 and, for AArch64, qemu"
