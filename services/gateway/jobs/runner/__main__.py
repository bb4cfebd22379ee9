"""Entry point: `python -P -m services.gateway.jobs.runner`; a launcher starts it."""

from services.gateway.jobs.runner.main import main

if __name__ == "__main__":
    main()
