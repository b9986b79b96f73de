"""The `iqlut` command: parse the arguments, run a command and return an exit code.

The exit code is 0 for success, 1 if a file failed, 2 for invalid arguments or a package that is not
installed, and 130 after an interrupt. Every error is one sentence on stderr; `--debug` adds the
traceback.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    redirect_stderr,
    redirect_stdout,
)
from typing import Annotated, Any, Protocol, Union

import tyro
from tyro.conf import FlagCreatePairsOff, subcommand

import iqlut
from iqlut.command_line.exit_codes import FAILED, INTERRUPTED, OK, USAGE, Stop
from iqlut.command_line.output import complain, drop, narrate, printing, unforeseen
from iqlut.commands.bench import Bench
from iqlut.commands.bench_train import BenchTrain
from iqlut.commands.compare import Compare
from iqlut.commands.convert import Convert
from iqlut.commands.data_check import Data
from iqlut.commands.evaluate import Evaluate
from iqlut.commands.export import Export
from iqlut.commands.info import Info, Models
from iqlut.commands.ray import Ray
from iqlut.commands.train import Train
from iqlut.commands.train_search import TrainSearch
from iqlut.commands.upscale import Upscale

COMMANDS = (
    *(Upscale, Compare, Ray, Models, Info, Evaluate),
    *(Bench, Data, Train, Convert, Export),
)
# Commands of two words; the help text of the first word mentions them.
TWO_WORDS = {("bench", "train"): BenchTrain, ("train", "search"): TrainSearch}
_DESCRIPTION = (
    "Upscale pictures and videos with small integer lookup tables, and train, measure and inspect "
    "these tables."
)
_COLUMNS_MIN = 20  # of a terminal
_TRAINING_PACKAGES = ("torch", "tensorboard", "msgspec", "tomlkit")


class Command(Protocol):
    """An instance of a class in `COMMANDS`, which holds the arguments of that command."""

    @property
    def debug(self) -> bool: ...

    def run(self) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; None stands for the arguments of this process."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with printing():
            command = _parsed(arguments)
    except Stop as stop:
        return _explain(stop)
    except BrokenPipeError:
        return _nobody_reads()
    return command if isinstance(command, int) else run(command)


def _nobody_reads() -> int:
    """The exit code when the reader of stdout has ended, as `head` does."""
    drop(sys.stdout)
    return FAILED


def _parsed(arguments: Sequence[str]) -> Command | int:
    """The command, or the exit code if a version, a help text or an error was printed instead."""
    if list(arguments) == ["--version"]:
        print(f"iqlut {iqlut.__version__}")
        return OK
    try:
        with _dropped_if_closed(), _narrated_stderr(arguments):
            return parse(arguments)
    except SystemExit as end:  # 0 after --help, 2 after arguments that tyro refused
        return end.code if isinstance(end.code, int) else USAGE


def _dropped_if_closed() -> AbstractContextManager[object]:
    """Drop what tyro prints on stdout if stdout is closed; tyro expects a file."""
    return nullcontext() if sys.stdout else redirect_stdout(io.StringIO())


@contextmanager
def _narrated_stderr(arguments: Sequence[str]) -> Iterator[None]:
    """Print what tyro prints on stderr as everything else is printed there.

    Arguments are escaped then, and a stderr that is closed or full is no error. A terminal, which
    tyro prints colours on, is left to it if there is nothing to escape.
    """
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    if is_terminal and all(argument.isprintable() for argument in arguments):
        yield
        return
    printed = io.StringIO()
    try:
        with redirect_stderr(printed):
            yield
    finally:
        if text := printed.getvalue().rstrip("\n"):
            for line in text.split("\n"):
                narrate(line)


def parse(arguments: Sequence[str]) -> Command:
    """The command with its arguments. Raises SystemExit after --help and for invalid arguments."""
    _widen_narrow_terminal()
    named = {kind.__name__.lower(): kind for kind in COMMANDS}
    known = {**{(name,): kind for name, kind in named.items()}, **TWO_WORDS}
    for words in (tuple(arguments[:2]), tuple(arguments[:1])):
        if kind := known.get(words):
            prog, rest = " ".join(("iqlut", *words)), arguments[len(words) :]
            return tyro.cli(kind, prog=prog, args=rest, config=(FlagCreatePairsOff,))
    brief = [
        Annotated[kind, subcommand(name, description=_first_line(kind))]
        for name, kind in named.items()
    ]
    choice: Any = Union[tuple(brief)]  # noqa: UP007  (made from the tuple)
    return tyro.cli(
        choice, prog="iqlut", description=_DESCRIPTION, args=arguments, config=(FlagCreatePairsOff,)
    )


def _widen_narrow_terminal() -> None:
    """Have tyro take a terminal of a few columns for a wider one: its layout would never end."""
    if shutil.get_terminal_size().columns < _COLUMNS_MIN:
        os.environ["COLUMNS"] = str(_COLUMNS_MIN)


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def run(command: Command) -> int:
    """Run a command and return its exit code; exceptions become a sentence on stderr."""
    try:
        return command.run()
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as error:
        if command.debug:
            for line in traceback.format_exc().splitlines():
                narrate(line)
        return _explain(error)


def _explain(error: Exception) -> int:
    if isinstance(error, Stop):
        complain(error)
        return error.code
    if isinstance(error, ModuleNotFoundError) and error.name in _TRAINING_PACKAGES:
        complain(
            f"{error.name} is not installed, which this command requires; "
            "run pip install 'iqlut[train]'"
        )
        return USAGE
    complain(unforeseen(error, "this command"))
    return FAILED
