"""A second engine, written from docs/specification.md alone; it shares nothing with the package."""

import json
from collections import namedtuple
from hashlib import sha256

import numpy as np

Layer = namedtuple("Layer", "lut knots gain skip bias acc_shift shift interpolate")
Tables, Model = namedtuple("Tables", "scale layers"), namedtuple("Model", "strengths sets group")
TYPES = {"lut": "<i1", "knots": "<u1", "gain": "<i2", "skip": "<i2", "bias": "<i4"}
MEMBERS, ORDER, BACK = (0, 3, 5, 6, 1, 2, 4, 7), (0, 3, 1, 2, 4, 5, 6, 7), (0, 1, 2, 3, 4, 6, 5, 7)
SEEN = [1234567, 10325476, 32017645, 23106754, 45760132, 54671023, 67452301, 76543210]  # digits
LINEAR = {2: [(1, 3, 0)], 3: [(2, 4, 0), (0, 6, 0)], 4: [(3, 5, 0), (1, 7, 0)]}  # first half
CUBIC = {2: [(-24, 232, 888, -72, 0)], 3: [(-38, 341, 797, -76, 0), (0, 0, 1024, 0, 0)]}
CUBIC[4] = [(-45, 399, 745, -75, 0), (-7, 93, 987, -49, 0)]


def transform(array: np.ndarray, number: int, rows: int = 0, columns: int = 1) -> np.ndarray:
    """Flip, then transpose, two axes of an array as the three bits of a number say."""
    array = np.flip(array, (columns,) * (number & 1) + (rows,) * (number >> 1 & 1))
    return np.swapaxes(array, rows, columns) if number & 4 else array


def expand(stored: Tables, symmetry: int, negative: bool) -> Tables:
    """Give the whole tables of the stored parts of a symmetry."""
    layers, n = [], symmetry * (2 if negative else 1)
    for layer in stored.layers:
        last, inputs, flip_rotate = layer is stored.layers[-1], np.arange(len(layer.lut)), []
        part = layer.lut.reshape(*layer.lut.shape[:4], *[stored.scale if last else 1] * 2, -1)
        for g in range(n):
            digits, member = SEEN[g % symmetry], MEMBERS[g % symmetry]
            seen = inputs - inputs % n + digits // 10 ** (7 - inputs % symmetry) % 10
            seen += symmetry * (inputs % n // symmetry != g // symmetry)
            own = part if last else part[seen % len(part)]
            if g >= symmetry:
                own = -own if last else own[:, ::-1] if len(part) == 1 else own
            flip_rotate.append(transform(transform(own, member, 2, 3), member, 4, 5))
        constants = [array.repeat(1 if last else n) for array in layer[2:5]]
        lut = np.stack(flip_rotate, 1 if last else -1).reshape(
            -1, *part.shape[1:4], constants[0].size
        )
        layers.append(Layer(lut, layer.knots, *constants, *layer[5:]))
    return Tables(stored.scale, layers)


def checksum(tables: Tables) -> str:
    """Give the SHA-256 of one set of whole tables."""
    data = b""
    for layer in tables.layers:
        data += json.dumps([tables.scale, *layer.lut.shape, *layer[5:]]).encode()
        data += b"".join(a.tobytes() for a in map(np.ndarray.astype, layer, TYPES.values()))
    return sha256(data).hexdigest()


def whole(lut: np.ndarray, around: np.ndarray | None) -> np.ndarray:
    """The table of a `lut` tensor, with the zeros of missing taps."""
    if around is None:
        return (
            lut
            if lut.shape[2] == lut.shape[3]
            else np.pad(lut, [(0, 0)] * 2 + [(1, 1)] + [(0, 0)] * 2)
        )
    c, levels, d = lut.shape
    table = np.zeros((c, levels, 9, d), int)
    table[:, :, 4] = lut
    for n, tap in enumerate([0, 1, 2, 3, 5, 6, 7, 8]):
        table[: len(around), :, tap, : around.shape[3]] = around[:, :, n]
    return table.reshape(c, levels, 3, 3, d)


def read(data: bytes) -> Model:
    """Read a file of any format and verify its checksum."""
    start, tensors, sets = 8 + int.from_bytes(data[:8], "little"), {}, []
    entries = json.loads(data[8:start])
    about = json.loads(entries.pop("__metadata__")["iqlut"])
    for name, entry in entries.items():
        stored = data[start:][slice(*entry["data_offsets"])]
        tensors[name] = np.frombuffer(stored, TYPES.get(name.split(".")[0], "<i1")).reshape(
            entry["shape"]
        )
    group = about.get("symmetry", 1), about.get("negative", False)
    strengths = about.get("strengths", [0])
    for suffix in ["", *(f".{number}" for number in range(1, len(strengths)))]:
        names = [f"{i}{suffix}" for i in range(len(about["layers"]))]
        parts = [np.int64(whole(tensors["lut." + n], tensors.get("around." + n))) for n in names]
        ends = np.cumsum([part.shape for part in parts], 0)[:-1, [1, 4, 4, 4]].T
        arrays = [np.int64(tensors[name]) for name in ("knots", "gain", "skip", "bias" + suffix)]
        fields = *map(np.split, arrays, ends), *zip(*about["layers"], strict=True)
        sets.append(Tables(about["scale"], list(map(Layer, parts, *fields))))
    text = "\n".join(map("{:g} {}".format, strengths, [checksum(expand(s, *group)) for s in sets]))
    several = sha256(text.encode()).hexdigest()
    assert about["sha256"] == (several if "strengths" in about else text[2:])
    return Model(strengths, sets, group)


def tables_at(model: Model, strength: float) -> Tables:
    """Blend the two sets of stored parts around a strength, and expand the blend."""
    marks, sets = [*model.strengths, float("inf")], [*model.sets, model.sets[-1]]
    i, layers = sum(mark <= strength for mark in marks) - 1, []
    weight = int(16 * (strength - marks[i]) / (marks[i + 1] - marks[i]) + 0.5)
    for a, b in zip(sets[i].layers, sets[i + 1].layers, strict=True):
        exact = ((16 - weight) * a.lut + weight * b.lut).swapaxes(0, 1)
        sums = (exact.reshape(len(exact), -1, exact.shape[4]).cumsum(1) + 8) >> 4
        lut = np.diff(sums, axis=1, prepend=0).reshape(exact.shape).swapaxes(0, 1)
        layers.append(a._replace(lut=lut, bias=((16 - weight) * a.bias + weight * b.bias + 8) >> 4))
    return expand(Tables(sets[i].scale, layers), *model.group)


def around(image: np.ndarray, side: int) -> np.ndarray:
    """Give the taps of each pixel, a square, as two last axes; the edge pixels are repeated."""
    rim = [((side - 1) // 2, side // 2)] * 2 + [(0, 0)] * (image.ndim - 2)
    return np.lib.stride_tricks.sliding_window_view(np.pad(image, rim, "edge"), (side,) * 2, (0, 1))


def upscale_plane(image: np.ndarray, scale: int, weights: dict) -> np.ndarray:
    """Upscale an image, exactly, by the weights of each phase down and across."""
    kernel = weights[scale] + [row[::-1] for row in weights[scale][scale // 2 - 1 :: -1]]
    large = np.einsum("yx...ab,pa,qb->ypxq...", around(image, len(kernel[0])), kernel, kernel)
    return large.reshape(image.shape[0] * scale, image.shape[1] * scale, *image.shape[2:])


def upscale(tables: Tables, luma: np.ndarray) -> np.ndarray:
    """Run all layers on a plane of eight bits."""
    scale, last, signal = tables.scale, tables.layers[-1].lut, luma[..., None]
    base = upscale_plane(luma, scale, LINEAR).reshape(len(luma), scale, -1, scale).swapaxes(1, 2)
    for lut, knots, gain, skip, bias, acc_shift, shift, interpolate in tables.layers:
        c, i, j, o = np.ogrid[: len(lut), : lut.shape[2], : lut.shape[2], : gain.size]
        near = around(signal, i.size)[..., None]
        code = np.searchsorted(knots[1:-1], near, "right")
        gap, past = knots[code + 1] - knots[code], near - knots[code]
        share = (64 * past + gap) // (2 * gap) if interpolate else 32 * (2 * past >= gap)
        between = (32 - share) * lut[c, code, i, j, o] + share * lut[c, code + 1, i, j, o]
        total = between.sum((2, 3, 4)) + ((1 << acc_shift) >> 1)
        own = base.reshape(total.shape) if lut is last else signal[..., o.ravel() % len(lut)]
        signal = np.clip(((total >> acc_shift) * gain + own * skip + bias) >> shift, 0, 255)
    return np.uint8(signal).reshape(base.shape).swapaxes(1, 2).reshape(len(luma) * scale, -1)


def upscale_image(tables: Tables, image: np.ndarray) -> np.ndarray:
    """Upscale a plane, gray and alpha, RGB or RGBA of eight bits."""
    scale, (height, width, *channels) = tables.scale, image.shape
    if channels in ([], [1]):
        return upscale(tables, image.reshape(height, width))
    if channels != [3]:
        colour, alpha = np.split(np.int64(image), [channels[0] - 1], 2)
        sums, (y, x) = np.dstack([colour * alpha, alpha]), np.ogrid[:height, :width]
        for size in (1 << n for n in range(16, 0, -1)):  # the smallest square has the last word
            near = np.add.reduceat(sums, range(0, height, size), 0)
            near = np.add.reduceat(near, range(0, width, size), 1)[y // size, x // size]
            mean = (near[..., :-1] + near[..., -1:] // 2) // np.maximum(near[..., -1:], 1)
            colour = np.where((alpha == 0) & (near[..., -1:] > 0), mean, colour)
        near = around(alpha[..., 0], 3).repeat(scale, 0).repeat(scale, 1)
        alpha = np.clip(upscale(tables, alpha[..., 0]), near.min((2, 3)), near.max((2, 3)))
        return np.uint8(np.dstack([upscale_image(tables, colour), alpha]))
    luma = upscale(tables, (image @ np.array([19595, 38470, 7471]) + 32768) >> 16)
    rise = (
        upscale_plane(image - np.int64(image[..., 1:2]), scale, CUBIC) + 16384
    ) >> 15  # of green: 0
    green = (np.int64(luma) << 21) - rise @ [19595, 0, 7471] + 1048575
    return np.uint8(np.clip((green[..., None] + (rise << 16)) >> 21, 0, 255))


def upscale_deep(tables: Tables, image: np.ndarray) -> np.ndarray:
    """Upscale what upscale_image does, of sixteen bits, by eight readings of eight bits."""
    deep, unit, total = np.int64(image), (2 * tables.scale) ** 2, 0
    visible = image[..., -1:] > 0 if image.ndim == 3 and image.shape[2] != 3 else True
    for k in range(8):
        code = (deep + 257 * (2 * k + 1) // 16) // 257
        total = total + np.int64(upscale_image(tables, np.uint8(code))) * 257 * unit
        total = total + upscale_plane((deep - 257 * code) * visible, tables.scale, LINEAR)
    return np.uint16(np.clip((total + 4 * unit) // (8 * unit), 0, 65535))


def ensemble(tables: Tables, luma: np.ndarray, count: int) -> np.ndarray:
    """Give the mean over the first transforms of a plane, and of its negative."""
    total = np.int64(count // 2)
    for i, n in enumerate((ORDER + ORDER)[:count]):
        flip = 255 * (i >= 8)  # 255 ^ v is 255 - v
        total = total + transform(upscale(tables, transform(luma, n) ^ flip) ^ flip, BACK[n])
    return np.uint8(total // count)
