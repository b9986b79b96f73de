"""The compiled libraries `_inference` and `_training`, loaded with ctypes.

Their C source is in the folder `native/`. `inference.py` and `training.py` define the structures
and prototypes of one library each. This module holds what they share: locating and loading a
library, the version of its interface, and the error of a call.
"""

from __future__ import annotations

import ctypes
import importlib.util

from iqlut.errors import BadInstallation, InvalidArgument

ABI_VERSION = 4  # IQLUT_ABI_VERSION in native/shared/interface.h
ISA_VARIABLE = "IQLUT_ISA"  # the environment variable that names an instruction set
REFERENCE = "reference"  # in its place: plain loops that the instruction sets are checked against

# The codes in native/shared/interface.h, in their order there.
CODES = (
    "OK",
    "NO_MEMORY",
    "NO_INSTRUCTION_SET",
    "BAD_SCALE",
    "BAD_LAYER_COUNT",
    "BAD_KERNEL",
    "BAD_LEVELS",
    "BAD_CHANNELS_IN",
    "BAD_CHANNELS_OUT",
    "BAD_PICTURE_CHANNELS",
    "BAD_MARGIN",
    "STOPPED",
)
# For each code, the first part of the message and the constant in interface.h that sets the limit.
_LIMITS = {
    "BAD_SCALE": ("the scale is {found}", "IQLUT_SCALE_MAX"),
    "BAD_LAYER_COUNT": ("the model has {found} layers", "IQLUT_LAYERS_MAX"),
    "BAD_KERNEL": ("layer {layer} has {found} taps along a side", "IQLUT_KERNEL_MAX"),
    "BAD_LEVELS": ("layer {layer} has {found} levels", "IQLUT_LEVELS_MAX"),
    "BAD_CHANNELS_IN": ("layer {layer} has {found} input channels", "IQLUT_CHANNELS_MAX"),
    "BAD_CHANNELS_OUT": ("layer {layer} has {found} output channels", "IQLUT_CHANNELS_MAX"),
}


class Problem(ctypes.Structure):
    """The structure iqlut_problem, which says why a call failed."""

    _fields_ = tuple((name, ctypes.c_int32) for name in ("code", "layer", "found", "least", "most"))

    @property
    def name(self) -> str:
        """The name of the code, one of CODES."""
        return CODES[self.code]

    def error(self) -> Exception:
        """The exception to raise, whose message says what was found, expected and what to do."""
        if self.name == "NO_MEMORY":
            return MemoryError(
                "the native library could not allocate memory, expected enough for its work; "
                "free some memory, or use smaller images or patches"
            )
        if self.name == "BAD_MARGIN":
            return InvalidArgument(
                f"the margin is {self.found} pixels, expected {self.least} to {self.most} for "
                "patches of this size; use a smaller margin or larger patches"
            )
        if self.name not in _LIMITS:
            return RuntimeError(
                f"the native library failed with {self.name}, expected a result; "
                "report this as a bug"
            )
        found, limit = _LIMITS[self.name]
        found = found.format(layer=self.layer, found=self.found)
        if self.least == self.most:
            return InvalidArgument(
                f"{found}, expected {self.most} to match its neighbours; convert the model again"
            )
        return InvalidArgument(
            f"{found}, expected {self.least} to {self.most} for the native library ({limit}); "
            "use another engine, or raise that limit in native/shared/interface.h and rebuild iqlut"
        )


def path_of(name: str) -> str:
    """The path of the library `name`, which is "inference" or "training".

    Raises BadInstallation if this installation does not contain it.
    """
    spec = importlib.util.find_spec(f"iqlut.native._{name}")
    if spec is None or spec.origin is None:
        raise BadInstallation(
            f"iqlut was installed without its native library for {name}, expected it to be "
            "compiled with the package; reinstall iqlut on a machine that has a C compiler"
        )
    return spec.origin


def load(name: str) -> ctypes.CDLL:
    """Load the library `name`, which is "inference" or "training".

    Raises BadInstallation if it is missing or has another version of the interface.
    """
    path = path_of(name)
    library = ctypes.CDLL(path)
    version = getattr(library, "iqlut_abi_version", None)
    found = version() if version else "none"
    if found != ABI_VERSION:
        raise BadInstallation(
            f"the native library {path} has the interface version {found}, expected {ABI_VERSION}; "
            "reinstall iqlut, so that its Python and C code come from the same build"
        )
    return library
