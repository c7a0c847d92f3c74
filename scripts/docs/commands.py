"""Print the help of every command as one page of Markdown."""

from collections.abc import Iterator

import click

from molvae.cli.main import cli


def pages(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """Yield the name and the help of a command and of those below it."""
    with click.Context(command, info_name=path.split()[-1], parent=parent, color=False, max_content_width=100) as ctx:
        yield path, command.get_help(ctx)
        if isinstance(command, click.Group):
            for name in command.list_commands(ctx):
                below = command.get_command(ctx, name)
                assert below is not None
                yield from pages(below, f"{path} {name}", ctx)


if __name__ == "__main__":
    print("# Command line\n")
    for path, text in pages(cli, "molvae"):
        print(f"## {path}\n\n```text\n{text}\n```\n")
