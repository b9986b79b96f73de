"""Streams that break the rules, for cocotb: tests/test_rtl.py builds the circuit and runs this.

`TABLES` in the environment is the model file that the circuit was made of.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from iqlut.engines import reference
from iqlut.tables import file_format
from iqlut.tables.integer_tables import Tables

SHORT, LONG, CUT, TOO_WIDE = range(4)  # bits of the port `errors`
WIDTH_MAX = 16
CLOCKS_MAX = 60_000

Beat = tuple[int, int, int]  # data, tuser, tlast


def upscaled(plane: np.ndarray) -> list[bytes]:
    """The lines of the upscaled plane."""
    tables = file_format.from_bytes(Path(os.environ["TABLES"]).read_bytes())
    assert isinstance(tables, Tables)
    return [line.tobytes() for line in reference.build(tables)(plane)]


def plane(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def beats(pixels: np.ndarray) -> list[Beat]:
    """A frame as it should be."""
    height, width = pixels.shape
    return [
        (int(pixels[y, x]), int(x == 0 and y == 0), int(x == width - 1))
        for y in range(height)
        for x in range(width)
    ]


class Circuit:
    """The circuit, what came out of it, and how often each error was raised."""

    def __init__(self, dut) -> None:
        self.dut, self.random = dut, random.Random(1)
        self.lines: list[tuple[int, bytes]] = []  # tuser, pixels
        self.errors = [0, 0, 0, 0]

    async def start(self) -> None:
        dut = self.dut
        for port in ("s_tvalid", "s_tuser", "s_tlast", "s_tdata", "m_tready"):
            getattr(dut, port).value = 0
        dut.frame_width.value = dut.frame_height.value = 0
        cocotb.start_soon(Clock(dut.clock, 4, "ns").start())
        cocotb.start_soon(self._receive())
        await self.reset()

    async def reset(self) -> None:
        self.dut.s_tvalid.value = 0
        self.dut.reset.value = 1
        for _ in range(3):
            await RisingEdge(self.dut.clock)
        self.dut.reset.value = 0
        self.lines.clear()
        self.errors = [0, 0, 0, 0]

    async def send(self, frame: list[Beat], size: tuple[int, int] = (0, 0)) -> None:
        """Send beats with random pauses; `size` is (height, width) at the ports."""
        dut = self.dut
        dut.frame_height.value, dut.frame_width.value = size
        for data, user, last in frame:
            while self.random.random() < 0.2:
                dut.s_tvalid.value = 0
                await RisingEdge(dut.clock)
            dut.s_tdata.value, dut.s_tuser.value, dut.s_tlast.value = data, user, last
            dut.s_tvalid.value = 1
            await RisingEdge(dut.clock)
            while str(dut.s_tready.value) != "1":
                await RisingEdge(dut.clock)
        dut.s_tvalid.value = 0

    async def _receive(self) -> None:
        dut, line, first = self.dut, bytearray(), 0
        while True:
            ready = self.random.random() < 0.7
            dut.m_tready.value = int(ready)
            await RisingEdge(dut.clock)
            for bit, raised in enumerate(reversed(str(dut.errors.value))):
                self.errors[bit] += raised == "1"
            if str(dut.reset.value) == "1":
                line.clear()
            elif ready and str(dut.m_tvalid.value) == "1":
                first = first or int(dut.m_tuser.value)
                keep = reversed(str(dut.m_tkeep.value))
                data = int(dut.m_tdata.value)
                line += bytes(data >> 8 * n & 255 for n, kept in enumerate(keep) if kept == "1")
                if int(dut.m_tlast.value):
                    self.lines.append((first, bytes(line)))
                    line.clear()
                    first = 0

    async def expect(self, *frames: list[bytes]) -> None:
        """Wait for the lines of these frames; no others must come."""
        expected = [(int(n == 0), line) for frame in frames for n, line in enumerate(frame)]
        for _ in range(CLOCKS_MAX):
            await RisingEdge(self.dut.clock)
            if len(self.lines) >= len(expected):
                break
        for _ in range(500):
            await RisingEdge(self.dut.clock)
        assert self.lines == expected, f"{len(self.lines)} lines, expected {len(expected)}"
        self.lines.clear()


@cocotb.test()
async def broken_lines(dut):
    """A short line is filled with its last pixel, a long line is cut off."""
    circuit = Circuit(dut)
    await circuit.start()
    good = plane(1, 4, 6)
    stream = beats(good)
    filled = good.copy()
    filled[1, 3:] = filled[1, 2]
    short = [*stream[:8], (int(good[1, 2]), 0, 1), *stream[12:]]
    await circuit.send(short, good.shape)
    await circuit.expect(upscaled(filled))
    assert circuit.errors == [1, 0, 0, 0]
    long = [*stream[:11], (stream[11][0], 0, 0), (9, 0, 0), (8, 0, 1), *stream[12:]]
    await circuit.send(long, good.shape)
    await circuit.expect(upscaled(good))
    assert circuit.errors == [1, 1, 0, 0]


@cocotb.test()
async def frames_of_changing_sizes(dut):
    """One after the other, by the ports and by tlast; what lies between them is dropped."""
    circuit = Circuit(dut)
    await circuit.start()
    frames = [plane(2, 3, 5), plane(3, 1, 1), plane(4, 2, WIDTH_MAX), plane(5, 5, 2)]
    await circuit.send([(1, 0, 0), (2, 0, 1)])  # before the first frame
    for frame in frames:
        await circuit.send([*beats(frame), (7, 0, 0), (7, 0, 1)], (frame.shape[0], 0))
    await circuit.expect(*map(upscaled, frames))
    assert circuit.errors == [0, 0, 0, 0]


@cocotb.test()
async def cut_frames(dut):
    """A start of frame within a frame restarts: whole rows of the cut frame, then the new one."""
    circuit = Circuit(dut)
    await circuit.start()
    first, second = plane(6, 12, 4), plane(7, 3, 7)
    for cut in (1, 2, 17, 44, 45):
        await circuit.send(beats(first)[:cut], first.shape)
        await circuit.send(beats(second), second.shape)
        for _ in range(CLOCKS_MAX):
            await RisingEdge(dut.clock)
            if circuit.lines[-1:] == [(0, upscaled(second)[-1])]:
                break
        count = len(circuit.lines) - len(upscaled(second))
        got = circuit.lines[:count]
        assert got == [(int(n == 0), line) for n, line in enumerate(upscaled(first)[:count])], cut
        del circuit.lines[:count]
        await circuit.expect(upscaled(second))
    assert circuit.errors == [0, 0, 5, 0]


@cocotb.test()
async def frames_that_are_too_wide(dut):
    """They are dropped whole, whether the ports say so or the first line shows it."""
    circuit = Circuit(dut)
    await circuit.start()
    good, wide = plane(8, 3, 4), plane(9, 2, WIDTH_MAX + 1)
    await circuit.send(beats(wide), wide.shape)
    await circuit.send(beats(good), good.shape)
    await circuit.send(beats(wide), (2, 0))
    await circuit.send(beats(good), good.shape)
    await circuit.expect(upscaled(good), upscaled(good))
    assert circuit.errors == [0, 0, 0, 2]


@cocotb.test()
async def reset_in_the_middle(dut):
    circuit = Circuit(dut)
    await circuit.start()
    first, second = plane(10, 9, 5), plane(11, 4, 3)
    for sent in (1, 13, 38):
        await circuit.send(beats(first)[:sent], first.shape)
        await circuit.reset()
        await circuit.send(beats(second), second.shape)
        await circuit.expect(upscaled(second))
