"""`python -m molvae`: the command line where no console script is on the path."""

from molvae.cli.main import main

if __name__ == "__main__":
    main()
