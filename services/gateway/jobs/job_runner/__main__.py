"""Entry point: `python -P -m services.gateway.jobs.job_runner`; a launcher starts it."""

from services.gateway.jobs.job_runner.main import main

if __name__ == "__main__":
    main()
