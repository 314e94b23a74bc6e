"""Scripts that complete the command in bash, zsh and fish, made from its parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

# What a value is where the parser has no choices for it.
_FOLDERS = ("DIR",)
_FILES = ("FILE", "PHOTO")


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script for `bash`, `zsh` or `fish`."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](_commands(parser))


_Commands = dict[str, tuple[str, list[argparse.Action]]]


def _commands(parser: argparse.ArgumentParser) -> _Commands:
    """Of each command its line of help and its arguments."""
    (group,) = (
        action
        for action in parser._actions  # noqa: SLF001  argparse shows them nowhere else
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    )
    helps = {choice.dest: choice.help or "" for choice in group._choices_actions}  # noqa: SLF001
    return {
        name: (helps[name], list(command._actions))  # noqa: SLF001
        for name, command in group.choices.items()
    }


def _bash(commands: _Commands) -> str:
    values, flags = [], []
    for name, (_, actions) in commands.items():
        for action in actions:
            completed = _bash_value(action)
            if action.option_strings and completed:
                values.append(f"        {'|'.join(action.option_strings)}) {completed}; return ;;")
        options = " ".join(flag for action in actions for flag in action.option_strings)
        words = " ".join(_choices(action) for action in actions if not action.option_strings)
        flags.append(f'        {name}) words="{options} {words}" ;;'.replace(' "', '"'))
    top = " ".join((*commands, "--help", "--version"))
    return "\n".join(
        [
            "_semblance() {",
            '    local word="${COMP_WORDS[COMP_CWORD]}" words="" IFS=$\' \\t\\n\'',
            '    case "${COMP_WORDS[COMP_CWORD-1]}" in',
            *values,
            "    esac",
            '    case "${COMP_WORDS[1]}" in',
            *flags,
            f'        *) words="{top}" ;;',
            "    esac",
            '    COMPREPLY=($(compgen -W "$words" -- "$word"))',
            "}",
            "complete -o default -F _semblance semblance",
            "",
        ]
    )


def _bash_value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices:
        return f'COMPREPLY=($(compgen -W "{_choices(action)}" -- "$word"))'
    if action.metavar in _FOLDERS:
        return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word")'
    if action.metavar in _FILES:
        return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word")'
    return "COMPREPLY=()"


def _zsh(commands: _Commands) -> str:
    lines = ["#compdef semblance", "_semblance() {", "    local -a commands", "    commands=("]
    lines += [f"        {_quoted(f'{name}:{told}')}" for name, (told, _) in commands.items()]
    lines += [
        "    )",
        "    if (( CURRENT == 2 )); then",
        "        _describe command commands",
        "        _arguments '--help[show help]' '--version[show the version]'",
        "        return",
        "    fi",
        "    case $words[2] in",
    ]
    for name, (_, actions) in commands.items():
        specs = " ".join(_quoted(spec) for action in actions for spec in _zsh_specs(action))
        lines.append(f"        {name}) shift words; (( CURRENT-- )); _arguments {specs} ;;")
    return "\n".join([*lines, "    esac", "}", "compdef _semblance semblance", ""])


def _zsh_specs(action: argparse.Action) -> Iterator[str]:
    told = _plain(action.help)
    what = str(action.metavar or action.dest).lower().replace(":", " ")
    value = "" if action.nargs == 0 else f":{what}:{_zsh_value(action)}"
    if not action.option_strings:
        yield f"*{value}"
    for flag in action.option_strings:
        yield f"{flag}[{told}]{value}"


def _zsh_value(action: argparse.Action) -> str:
    if action.choices:
        return f"({_choices(action)})"
    if action.metavar in _FOLDERS:
        return "_files -/"
    return "_files" if action.metavar in _FILES else " "


def _fish(commands: _Commands) -> str:
    none = "not __fish_seen_subcommand_from " + " ".join(commands)
    lines = [f"complete -c semblance -f -n {_quoted(none)} -l help -d 'show help'"]
    lines.append(f"complete -c semblance -f -n {_quoted(none)} -l version -d 'show the version'")
    for name, (told, actions) in commands.items():
        lines.append(f"complete -c semblance -f -n {_quoted(none)} -a {name} -d {_quoted(told)}")
        here = f"complete -c semblance -n {_quoted(f'__fish_seen_subcommand_from {name}')}"
        for action in actions:
            lines += [f"{here} {rest}" for rest in _fish_options(action)]
    return "\n".join([*lines, ""])


def _fish_options(action: argparse.Action) -> Iterator[str]:
    told = f"-d {_quoted(_plain(action.help))}"
    value = ""
    if action.choices:
        value = f" -f -a {_quoted(_choices(action))}"
    elif action.metavar in _FOLDERS:
        value = " -f -a '(__fish_complete_directories)'"
    elif action.metavar not in _FILES:
        value = " -f"
    if not action.option_strings:
        if action.choices:
            yield f"{told}{value}"
        return
    names = " ".join(
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
        for flag in action.option_strings
    )
    yield f"{names} {told}" if action.nargs == 0 else f"{names} -r{value} {told}"


def _choices(action: argparse.Action) -> str:
    return " ".join(map(str, action.choices or ()))


def _plain(text: str | None) -> str:
    return (text or "").replace("[", "(").replace("]", ")").replace("%%", "%")


def _quoted(text: str) -> str:
    """In single quotes, which all three shells read alike but for a quote in them."""
    return "'" + text.replace("'", "") + "'"
