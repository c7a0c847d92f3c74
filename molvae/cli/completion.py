"""`molvae completion`: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import click

from molvae.cli.options import debug_option

_WHERE = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/completions/molvae.fish",
}


@click.command(short_help="Print what bash, zsh or fish needs for completion.")
@click.argument("shell", type=click.Choice(list(_WHERE)))
@debug_option
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete commands, options and names with the tab key.

    \b
    Examples:
      echo 'eval "$(molvae completion bash)"' >> ~/.bashrc
      echo 'eval "$(molvae completion zsh)"' >> ~/.zshrc
      molvae completion fish > ~/.config/fish/completions/molvae.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "molvae", "_MOLVAE_COMPLETE").source()
    if shell == "zsh":  # compdef is there only after compinit
        script = f"(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit; }}\n{script.lstrip()}"
    click.echo(script)
