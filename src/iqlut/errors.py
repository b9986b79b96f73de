"""The exceptions of this package, all of which derive from `IqlutError`.

    try:
        large = iqlut.upscale(small, scale=4)
    except iqlut.IqlutError as error:
        print(error)

Each class that is raised for a value also derives from the built-in exception for such cases
(`ValueError`, `RuntimeError`), so programs that catch the built-in one work as well. Each message
is one sentence that says what was found, what was expected and what to do. Errors of the operating
system, such as the `OSError` for a file that cannot be opened, are not wrapped, and neither is
`MemoryError`.
"""

from __future__ import annotations


class IqlutError(Exception):
    """The base class of all exceptions that this package defines."""


class InvalidArgument(IqlutError, ValueError):
    """A function was called with a value that it does not accept."""


class UnknownModel(InvalidArgument):
    """There is no shipped model of the requested name or scale."""


class MissingPackage(IqlutError, RuntimeError):
    """A feature was used whose optional package, PyTorch for example, is not installed."""


class BadInstallation(IqlutError, RuntimeError):
    """A compiled library of this package is missing or belongs to another version of it."""


class IllegalTables(IqlutError, ValueError):
    """Tables that no engine may run, for example because a sum could overflow."""


class BadModelFile(IqlutError, ValueError):
    """A model file is damaged, was changed, is newer than this package or holds illegal tables."""


class PictureError(IqlutError):
    """A picture cannot be read, upscaled or written."""


class ResultExists(PictureError):
    """The file to write exists already and must not be replaced."""


class DiskFull(PictureError):
    """The disk is full, so that no other file can be written either."""


class VideoError(IqlutError):
    """A video cannot be read, upscaled or written."""


class ResultInUse(VideoError):
    """Another run is writing the same result."""


class PlanError(IqlutError, ValueError):
    """Inputs and outputs do not fit together, for example several inputs with one output file."""


class ManifestError(IqlutError, ValueError):
    """A manifest for `iqlut ray` cannot be read, or an entry of it is incomplete."""


class BadConfig(IqlutError, ValueError):
    """A training configuration holds an unknown key or a value that is not allowed."""


class BadData(IqlutError, ValueError):
    """A folder of images cannot be used for training."""


class CannotConvert(IqlutError, ValueError):
    """A trained network cannot be expressed as integer tables."""


class UnsupportedModel(IqlutError, ValueError):
    """A model exceeds a limit of a target of `iqlut export`."""


class TrainingStopped(IqlutError, RuntimeError):
    """Training cannot continue. The last good checkpoint is kept."""
