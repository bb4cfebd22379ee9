"""`python -m tests.terraform.standin`: serves on a free port and prints its URL."""

from tests.terraform.standin.server import main

if __name__ == "__main__":
    main()
