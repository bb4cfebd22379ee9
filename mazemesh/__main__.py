"""`python -m mazemesh`, where no command `mazemesh` is on the path, as in a notebook."""

from mazemesh.cli import main

if __name__ == "__main__":
    main()
