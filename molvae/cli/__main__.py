"""`python -m molvae.cli`: the command line where no console script is installed."""

from molvae.cli.main import main

if __name__ == "__main__":
    main()
