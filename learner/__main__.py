"""Entry point: `python -m learner`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from learner.command import main

    main()
