"""Colour spaces that a file states outside of an ICC profile, and how another format states them.

PNG has chunks for them, AVIF and HEIF have the numbers of ITU-T H.273, and EXIF has Adobe RGB. If
the output has no such field, an equivalent profile takes its place where that is exact.
"""

from __future__ import annotations

from typing import Any

from iqlut.pictures import exif, icc_profiles
from iqlut.pictures.icc_profiles import Point

# The keys of `Picture.extras` that state a colour space, besides icc_profile.
KEYS = ("cicp", "srgb", "gamma", "chromaticities", "hdr")
_D65, _C, _DCI_WHITE = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
_BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_SMPTE_170M = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_ADOBE_GAMMA = 563 / 256
# ITU-T H.273, table 2: number: name, primaries, white.
_PRIMARIES: dict[int, tuple[str, tuple[Point, ...], Point]] = {
    1: ("BT.709", _BT709, _D65),
    4: ("BT.470 M", ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _C),
    5: ("BT.470 BG", ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), _D65),
    6: ("SMPTE 170M", _SMPTE_170M, _D65),
    7: ("SMPTE 240M", _SMPTE_170M, _D65),
    9: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), _D65),
    11: ("DCI P3", _P3, _DCI_WHITE),
    12: ("Display P3", _P3, _D65),
    22: ("EBU 3213-E", ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), _D65),
}
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# ITU-T H.273, table 3: number: the parameters of the curve of a profile. Those of video describe
# cameras; such pictures are displayed by the curve of ITU-R BT.1886.
_CURVES = {4: (2.2,), 5: (2.8,), 8: (1.0,), 13: _SRGB_CURVE}
_CURVES |= dict.fromkeys((1, 6, 14, 15), (2.4,))
_TRANSFERS = {8: "linear", 13: "sRGB curve", 16: "PQ", 18: "HLG"}
_UNSPECIFIED = 2
_SRGB_GAMMA, _SRGB_CHROMATICITIES = 45455, (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def fitted(
    extras: dict[str, Any], held: frozenset[str], is_jpeg: bool
) -> tuple[dict[str, Any], list[str]]:
    """The metadata with the colour space as a format states it, and phrases for what is lost.

    `held` are the keys that the format can store. JPEG states Adobe RGB in EXIF, as it should.
    """
    kept = {key: value for key, value in extras.items() if key not in KEYS or key in held}
    lost = ["the HDR display values"] if "hdr" in extras and "hdr" not in held else []
    if "icc_profile" in extras or any(key in kept for key in KEYS[:4]):
        return kept, lost
    found = _profile(extras)
    if found is None and not is_jpeg and _is_adobe_rgb(extras):
        profile = icc_profiles.matrix_profile(
            "Adobe RGB compatible", _ADOBE_RGB, _D65, (_ADOBE_GAMMA,)
        )
        found = profile, "Adobe RGB"
    if found is None:
        return kept, lost
    profile, name = found
    if profile is None or "icc_profile" not in held:
        return kept, [*lost, f"the colour space ({name})"]
    return kept | {"icc_profile": profile}, lost


def _profile(extras: dict[str, Any]) -> tuple[bytes | None, str] | None:
    """A profile for the stated colour space, or None in its place if there is no exact one; a name.

    None alone stands for sRGB, which needs no statement.
    """
    if "cicp" in extras:
        primaries, transfer = extras["cicp"][:2]
        primaries = 1 if primaries == _UNSPECIFIED else primaries
        transfer = 13 if transfer == _UNSPECIFIED else transfer
        known, curve = _PRIMARIES.get(primaries), _CURVES.get(transfer)
        if primaries == 1 and curve == _SRGB_CURVE:
            return None
        space = known[0] if known else f"primaries {primaries}"
        name = f"{space}, {_TRANSFERS.get(transfer, f'transfer {transfer}')}"
        if known is None or curve is None:
            return None, name
        return icc_profiles.matrix_profile(name, known[1], known[2], curve), name
    if "srgb" in extras:
        return None
    gamma, points = extras.get("gamma"), extras.get("chromaticities")
    has_srgb_points = points in (None, _SRGB_CHROMATICITIES)
    if has_srgb_points and gamma in (None, (_SRGB_GAMMA,)):
        return None
    if gamma is None or gamma[0] == 0:
        return None, "chromaticities without gamma"
    pairs = [value / 100_000 for value in points or _SRGB_CHROMATICITIES]
    white, *primaries_xy = zip(pairs[::2], pairs[1::2], strict=True)
    name = f"gamma {100_000 / gamma[0]:.4g}"
    return icc_profiles.matrix_profile(name, primaries_xy, white, (100_000 / gamma[0],)), name


def _is_adobe_rgb(extras: dict[str, Any]) -> bool:
    try:
        return "exif" in extras and exif.is_adobe_rgb(extras["exif"])
    except ValueError:
        return False
