"""The process: starts the command that was typed, and ends with its exit code.

The only place that catches what nobody foresaw, and the only one that ends the
process. Signals, a reader that has gone and a full disk end here too, in one line.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from kubectl_inventory.command.cli import root
from kubectl_inventory.command.helptext import as_called
from kubectl_inventory.command.terminal import ReaderGone, Terminal
from kubectl_inventory.errors import InventoryError, OutputError, near, reason_of
from kubectl_inventory.version import VERSION
from kubectl_inventory.words import listing

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
EXIT_NO_READER = 141
"""What a program killed by SIGPIPE ends with, as kubectl before `| head` does."""

_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}
"""What a flag takes that is on or off: Go's `strconv.ParseBool`."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Of our own, as click writes an empty line at a `KeyboardInterrupt`."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def main() -> NoReturn:
    """Runs the program and ends the process with its exit code."""
    name = program_name(sys.argv[0])
    terminal = Terminal(sys.stdout, sys.stderr, os.environ, program=name)
    try:
        _end_on_signals(terminal)
        code = _ended(terminal, name, partial(_run, terminal, name))
    except Interrupted as interruption:
        # Also one that came while another failure was being told.
        code = _ended(terminal, name, partial(_interrupted, terminal, interruption))
    # Threads that hang in a name look-up would be waited for by an orderly exit.
    os._exit(code)


def _ended(terminal: Terminal, name: str, step: Callable[[], int]) -> int:
    """The exit code of a step that may find nobody to write to."""
    try:
        return step()
    except ReaderGone:
        # The reader has gone (`| head`): nothing more to say, and nowhere to say it.
        return EXIT_NO_READER
    except OutputError as error:
        # Of what was to be written before the last word on another failure.
        return _failed(terminal, name, error)


def program_name(argv0: str) -> str:
    """`kubectl inventory` when the file is called as kubectl's plugins are (krew's rule), else the file's name."""
    base = Path(argv0).stem
    prefix, dash, rest = base.partition("-")
    return f"kubectl {rest.replace('_', '-')}" if prefix == "kubectl" and dash else base


def _run(terminal: Terminal, name: str) -> int:
    try:
        with terminal.at_end:
            result = root.main(as_click_reads(sys.argv[1:]), prog_name=name, standalone_mode=False, obj=terminal)
        terminal.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        # `kubectl inventory policy` alone: the help, as `kubectl config` alone prints its own.
        terminal.write(f"{error.format_message()}\n")
        terminal.flush()
        return 0
    except click.ClickException as error:
        terminal.say(f"error: {_sentence(error)}")
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else name
        terminal.say(f"hint: {_next_step(error, command)}")
        return 2
    except InventoryError as error:
        return _failed(terminal, name, error)
    except ReaderGone:
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        terminal.say(f"error: {where}{reason_of(error)}")
        return 1
    except Exception as error:  # a bug of ours: one line, from which it can be found
        return _bug(terminal, error)


def as_click_reads(argv: Sequence[str]) -> list[str]:
    """argv as click takes it: kubectl's pflag also reads `-o=json`, `-A=true` and `--quiet=F`.

    And where a flag's value may be left out it is never the next word: `--plan pods`.
    """
    if argv[:1] == ["__complete"]:
        return list(argv)  # words that are not typed to their end
    options = list(_options(root))
    flags = {name: option.opts for option in options if option.is_flag for name in option.opts}
    flags |= {name: ["-h", "--help"] for name in ("-h", "--help")}
    left_out = {
        name: option.flag_value
        for option in options
        if not option.is_flag and isinstance(option.flag_value, str)
        for name in option.opts
    }
    words: list[str] = []
    for word in argv:
        flag, is_given, value = word.partition("=")
        if word in left_out:
            words.append(f"{word}={left_out[word]}")
        elif is_given and flag in flags and value in _TRUE | _FALSE:
            # The last one counts.
            words = [earlier for earlier in words if earlier not in flags[flag]] + [flag] * (value in _TRUE)
        elif is_given and flag in flags:
            words.append(f"{flags[flag][-1]}={value}")  # refused by the flag's long name
        elif is_given and len(flag) == 2 and flag[0] == "-" and flag[1].isalpha():
            words.append(flag + value)
        else:
            words.append(word)
    return words


def _options(command: click.Command) -> Iterator[click.Option]:
    """Every option of a command and of those below it."""
    yield from (option for option in command.params if isinstance(option, click.Option))
    for child in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _options(child)


def _failed(terminal: Terminal, name: str, error: InventoryError) -> int:
    terminal.say(f"error: {error.message}")
    if error.hint:
        terminal.say(f"hint: {as_called(error.hint, name)}")
    return error.exit_code


def _bug(terminal: Terminal, error: Exception) -> int:
    """What nobody foresaw, in one line: what was raised, and the last places that it came through."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    terminal.say(f"error: a bug in kubectl-inventory {VERSION}: {type(error).__name__}: {error} ({places})")
    terminal.say("hint: please report this line, and what was typed")
    return 1


def _sentence(error: click.ClickException) -> str:
    """click's message as ours and kubectl's are: no capital at the start, no full stop at the end."""
    if isinstance(error, click.NoSuchOption):
        owners = [f'"{path}"' for path in _owners(error.option_name, error.ctx)]
        if owners:
            return f"unknown flag: {error.option_name}; it is a flag of {listing(owners)}"
        if _elsewhere(error):
            return f"{error.option_name} is kubectl's, not this program's"
        names = _flag_names(error.ctx) if error.ctx is not None else []
        return f"unknown flag: {error.option_name}{near(error.option_name, names)}"
    if isinstance(error, click.NoSuchCommand):
        group = error.ctx.command if error.ctx is not None else None
        names = list(group.commands) if isinstance(group, click.Group) else []
        path = error.ctx.command_path if error.ctx is not None else ""
        return f'unknown command "{error.command_name}" for "{path}"{near(error.command_name, names, cutoff=0.6)}'
    text = " ".join(error.format_message().split()).rstrip(".")
    return text[:1].lower() + text[1:]


def _next_step(error: click.ClickException, command: str) -> str:
    """The page that helps; for a kind typed where a command stands, the command that was meant."""
    if instead := _elsewhere(error):
        return instead
    is_at_root = isinstance(error, click.NoSuchCommand) and error.ctx is not None and error.ctx.parent is None
    if is_at_root and "did you mean" not in _sentence(error):
        return f'"{command} --help"; "{command} get TYPE" lists a kind'
    return f'"{command} --help"'


def _elsewhere(error: click.ClickException) -> str:
    """What to type instead of a flag that is kubectl's alone; empty for any other mistake."""
    if not isinstance(error, click.NoSuchOption) or next(_owners(error.option_name, error.ctx), None):
        return ""
    from kubectl_inventory.command.elsewhere import INSTEAD

    return INSTEAD.get(error.option_name, "")


def _owners(flag: str, ctx: click.Context | None) -> Iterator[str]:
    """The commands that have a flag which this one has not, as they are typed."""
    top = ctx.find_root() if ctx is not None else None
    if top is not None and isinstance(top.command, click.Group):
        for command in (top.command, *top.command.commands.values()):
            path = top.info_name if command is top.command else f"{top.info_name} {command.name}"
            if path and any(flag in parameter.opts for parameter in command.params):
                yield path


def _flag_names(ctx: click.Context) -> list[str]:
    return [name for option in ctx.command.get_params(ctx) for name in option.opts]


def _interrupted(terminal: Terminal, interruption: Interrupted) -> int:
    state = "output not whole" if terminal.wrote else "nothing was printed"
    waiting = f", waiting for {terminal.waiting_for}" if terminal.waiting_for else ""
    terminal.say(f"{terminal.context or 'error'}: interrupted after {terminal.elapsed_s:.1f}s{waiting}; {state}")
    if "://" in terminal.waiting_for:
        terminal.say("hint: is the VPN up? --request-timeout 2s gives up sooner")
    elif " " in terminal.waiting_for:
        terminal.say("hint: --user NAME or --token uses other credentials")
    elif terminal.waiting_for:
        terminal.say(f"hint: --exclude {terminal.waiting_for}, or --request-timeout 2s")
    return interruption.exit_code


def _end_on_signals(terminal: Terminal) -> None:
    """Ctrl-C and SIGTERM end the run in good order; another one cannot spoil that, as it takes a moment only."""

    def end(number: int, frame: FrameType | None) -> None:
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_IGN)
        terminal.interrupt(Interrupted(EXIT_TERMINATED if number == signal.SIGTERM else EXIT_INTERRUPTED))

    for ending in (signal.SIGINT, signal.SIGTERM):
        # Ignored by the one who started us (`nohup`, a job in a script's background): stays so.
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, end)
