"""The `iqlut` command: arguments in, an exit code out.

0 done, 1 a file failed, 2 the arguments cannot be meant so (or something they need is not installed),
130 interrupted. Every error is one sentence on stderr; `--debug` adds the traceback.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any, Protocol, Union

import tyro
from tyro.conf import FlagCreatePairsOff, subcommand

import iqlut
from iqlut.command_line.console import FAILED, INTERRUPTED, USAGE, Stop, complain, unforeseen
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

COMMANDS = (Upscale, Compare, Ray, Models, Info, Evaluate, Bench, Data, Train, Convert, Export)
# what else a command does; its own --help names them
TWO_WORDS = {("bench", "train"): BenchTrain, ("train", "search"): TrainSearch}
_DESCRIPTION = (
    "Upscale pictures by small integer look-up tables; train, measure and inspect the tables."
)
_TRAINING_PACKAGES = ("torch", "tensorboard", "tomli")


class Command(Protocol):
    """What the classes in `COMMANDS` make of their arguments."""

    @property
    def debug(self) -> bool: ...

    def run(self) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the command line if no arguments are given; the exit code."""
    if (
        arguments is None
    ):  # a process of its own: being asked to end is like Ctrl-C and leaves no part of a file
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        arguments = sys.argv[1:]
    if list(arguments) == ["--version"]:
        print(f"iqlut {iqlut.__version__}")
        return 0
    try:
        command = parse(arguments)
    except SystemExit as end:  # after --help: 0; after what tyro refused, in its own words: 2
        return end.code if isinstance(end.code, int) else USAGE
    return run(command)


def parse(arguments: Sequence[str]) -> Command:
    """The command that is meant; SystemExit after help, or a refusal."""
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


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def run(command: Command) -> int:
    """The exit code of a command; what goes wrong becomes a sentence."""
    try:
        return command.run()
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough
        _drop_stdout()
        return FAILED
    except Exception as error:
        if command.debug:
            traceback.print_exc()
        return _explain(error)


def _drop_stdout() -> None:
    """Nobody takes what is still to be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception) -> int:
    if isinstance(error, Stop):
        complain(error)
        return error.code
    if isinstance(error, ModuleNotFoundError) and error.name in _TRAINING_PACKAGES:
        complain(
            f"{error.name} is not installed, and this command needs it: pip install 'iqlut[train]'"
        )
        return USAGE
    complain(unforeseen(error, "this command"))
    return FAILED
